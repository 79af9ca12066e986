package llmetertest_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/mock"
)

// A fake is a test that remembers what it was told instead of failing.
type fake struct {
	testing.TB
	logs, errors, fatals, skips []string
}

func (f *fake) Log(args ...any)                 { f.logs = append(f.logs, fmt.Sprint(args...)) }
func (f *fake) Logf(format string, args ...any) { f.Log(fmt.Sprintf(format, args...)) }
func (f *fake) Error(args ...any)               { f.errors = append(f.errors, fmt.Sprint(args...)) }
func (f *fake) Errorf(format string, args ...any) {
	f.Error(fmt.Sprintf(format, args...))
}

func (f *fake) Fatal(args ...any) {
	f.fatals = append(f.fatals, fmt.Sprint(args...))
	runtime.Goexit()
}

func (f *fake) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

func (f *fake) Skip(args ...any) {
	f.skips = append(f.skips, fmt.Sprint(args...))
	runtime.Goexit()
}

// in runs a piece of a test in a fake one, and tells what that was told.
func in(t *testing.T, f func(t testing.TB)) *fake {
	t.Helper()
	told := &fake{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(told)
	}()
	<-done
	return told
}

func requirePasses(t *testing.T, f *fake) {
	t.Helper()
	require.Empty(t, f.errors)
	require.Empty(t, f.fatals)
	require.Empty(t, f.skips)
}

func requireFatal(t *testing.T, f *fake, says string) {
	t.Helper()
	require.Len(t, f.fatals, 1)
	require.Regexp(t, says, f.fatals[0])
}

// bubble runs f in a synctest bubble, where times are exact.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// answers is a server of streams with two tokens: the first after 200 ms, the second 40 ms later.
var answers = mock.Options{TTFT: mock.Fixed(200 * time.Millisecond), ITL: mock.Fixed(40 * time.Millisecond), Tokens: mock.Fixed(2)}

// against is a run of so many clients against a server of its own.
func against(t testing.TB, o mock.Options, clients int) (llmeter.Runner, *mock.Server) {
	t.Helper()
	server := llmetertest.NewServer(t, o)
	ep := llmetertest.NewEndpoint(t, server)
	return llmeter.Runner{Endpoint: ep, Payloads: llmetertest.Payloads(t, ep, 8, "one", "two", "three"), Clients: clients}, server
}
