package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"llmeter": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("OPENAI_API_KEY", "")
			e.Setenv("OPENAI_BASE_URL", "")
			return nil
		},
		Condition: func(condition string) (bool, error) { return condition == "race" && underRace, nil },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"server": startServer,
			"exits":  exits,
		},
	})
}

// startServer starts the mock server: server [key=KEY] [models=NAME] [ttft=TIME] [slots=N] [FAULT]. Its URL is then in $URL.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	o := mock.Options{TTFT: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(8)}
	for _, arg := range args {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "key":
			o.APIKey = value
		case "models":
			o.Models = []string{value}
		case "ttft":
			ts.Check(o.TTFT.UnmarshalText([]byte(value)))
		case "slots":
			slots, err := strconv.Atoi(value)
			ts.Check(err)
			o.Slots = slots
		default:
			var f mock.Fault
			ts.Check(f.UnmarshalText([]byte(arg)))
			o.Faults = append(o.Faults, f)
		}
	}
	s, err := mock.Start(o)
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
	ts.Setenv("URL", s.URL+"/v1")
	ts.Setenv("TLS", strings.Replace(s.URL, "http", "https", 1)+"/v1")
}

// exits checks the exit code of a command: exits CODE llmeter ARGS…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, not %s", code, args[0])
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	var out, errs bytes.Buffer
	require.Zero(t, command(t.Context(), []string{"--help"}, &out, &errs))
	for _, name := range []string{"run", "load", "heatmap", "capacity", "compare", "sweep", "soak", "report", "events", "mock", "init", "completion", "version"} {
		require.Contains(t, out.String(), name)
	}
	require.Empty(t, errs.String())
}
