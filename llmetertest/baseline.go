package llmetertest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/llmeter-go/llmeter"
)

// DefaultTolerance is the share by which latencies may grow over a baseline before that is a failure: 10 %.
const DefaultTolerance = 0.10

// Baseline fails the test if res is worse than the baseline in the file at path: if a latency has grown by more than 10 %,
// or a larger share of requests failed, and chance does not explain it. The package comment says how that is tested. A
// latency that has grown by more than that, but would not without the client's own lag, is logged, see [Checker.Strict].
//
// The file is written instead, with its folder, if the environment has LLMETER_UPDATE=1, or if the test package has a flag
// named update and it is set: go test -update. (This package defines no flag, because a test package that defines the same
// one would panic.) Without a file the test fails and says so; so it does where model, load or latencies are not those
// of the baseline, which then compares nothing.
func Baseline(t testing.TB, path string, res *llmeter.Result) {
	t.Helper()
	Checker{}.Baseline(t, path, res)
}

// Baseline is the function Baseline with the settings of c.
func (c Checker) Baseline(t testing.TB, path string, res *llmeter.Result) {
	t.Helper()
	requireSuccess(t, res)
	now, err := measure(res)
	if err != nil {
		t.Fatalf("baseline: %v", err)
	}
	if updating() {
		if err := now.write(path); err != nil {
			t.Fatalf("baseline: %v", err)
		}
		t.Logf("wrote %s", path)
		return
	}
	old, err := readBaseline(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no baseline %s yet: %s", path, howToUpdate)
	} else if err != nil {
		t.Fatalf("baseline: %v", err)
	}
	if why := old.incomparable(now); why != "" {
		t.Fatalf("%s does not compare with this run: %s; if that is meant, %s", path, why, howToUpdate)
	}
	tolerance := c.Tolerance
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	for _, f := range compare(old, now, tolerance, res.Verdict.Lag) {
		switch {
		case f.regressed && (c.Strict || !f.byLag):
			t.Errorf("%v%s", f, otherMachine(old, now))
		case f.regressed || !isBenchmark(t): // a benchmark's log is always shown
			t.Log(f)
		}
	}
}

const howToUpdate = "set LLMETER_UPDATE=1 to write it from this run"

// updating reports whether baselines are to be written.
func updating() bool {
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		return true
	}
	on, _ := strconv.ParseBool(os.Getenv("LLMETER_UPDATE"))
	return on
}

// schema is the form of the file. Another form gets another number.
const schema = "llmeter.baseline/1"

// A baseline is what a run is compared with.
type baseline struct {
	Schema    string             `json:"schema"`
	Machine   string             `json:"machine"` // that measured it, for people
	Model     string             `json:"model"`
	Load      string             `json:"load"`
	Requests  int                `json:"requests"`
	Failed    int                `json:"failed"`
	Latencies map[string]latency `json:"latencies"`
}

// readBaseline reads a file that write has written.
func readBaseline(path string) (*baseline, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, err := parseBaseline(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func parseBaseline(data []byte) (*baseline, error) {
	var b baseline
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, err
	}
	switch {
	case b.Schema != schema:
		return nil, fmt.Errorf("its schema is %q, not %q", b.Schema, schema)
	case b.Failed < 0 || b.Requests <= b.Failed:
		return nil, fmt.Errorf("%d of %d requests failed", b.Failed, b.Requests)
	}
	return &b, nil
}

// write writes the file: indented, so that a change of it reads well, with one line for all the values of a latency.
func (b *baseline) write(path string) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o666)
}

// incomparable says why a run does not compare with the baseline, "" if it does.
func (b *baseline) incomparable(now *baseline) string {
	switch {
	case b.Model != now.Model:
		return fmt.Sprintf("its model is %q, not %q", b.Model, now.Model)
	case b.Load != now.Load:
		return fmt.Sprintf("its load is %q, not %q", b.Load, now.Load)
	}
	for _, name := range latencies {
		_, had := b.Latencies[name]
		if _, has := now.Latencies[name]; had != has {
			return fmt.Sprintf("only one of both has a %s", name)
		}
	}
	return ""
}

func otherMachine(old, now *baseline) string {
	if old.Machine == now.Machine {
		return ""
	}
	return fmt.Sprintf("; the baseline is from another machine (%s, this one is %s)", old.Machine, now.Machine)
}
