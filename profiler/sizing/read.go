package sizing

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/profiler"
)

// The file of a calculation, and the folder in which NAT keeps those that measured.
const (
	outputFile = "calc_runner_output.json"
	onlineDir  = "online"
)

// ErrNoPoints is matched by errors of sources that hold no point.
var ErrNoPoints = errors.New("no concurrency was measured")

// FromLoadTest makes a point of each level of a load test that kept a number of clients busy: a request of it is one LLM call, and the
// latency its time to the last token. Of a number of clients that was run twice the last counts. Levels at a rate have no concurrency of
// their own and are left out, as are those without a successful request.
func FromLoadTest(r *experiments.LoadTestResult) []Point {
	byClients := map[int]Point{}
	for _, level := range r.Levels {
		stats := level.Result.Stats()
		p95, ok := stats.Lookup("ttlt-p95")
		if level.Clients == 0 || !ok {
			continue
		}
		rate, _ := stats.Lookup("requests_per_second")
		byClients[level.Clients] = Point{
			Concurrency: level.Clients, LLMLatencyP95: p95, WorkflowRuntimeP95: p95, Rate: rate,
			TotalRuntime: level.Result.TotalTestTime.Seconds(), Interrupted: level.Result.Interrupted,
		}
	}
	return ordered(byClients)
}

func ordered(points map[int]Point) (list []Point) {
	for _, n := range slices.Sorted(maps.Keys(points)) {
		list = append(list, points[n])
	}
	return list
}

// ReadOutput reads the points of a calc_runner_output.json, of NAT or of this package.
func ReadOutput(r io.Reader) ([]Point, error) {
	var o struct {
		CalcData map[int]struct {
			Metrics Metrics `json:"sizing_metrics"`
		} `json:"calc_data"`
	}
	if err := json.NewDecoder(r).Decode(&o); err != nil {
		return nil, err
	}
	points := map[int]Point{}
	for concurrency, data := range o.CalcData {
		m := data.Metrics
		p := Point{concurrency, m.LLMLatencyP95, m.WorkflowRuntimeP95, m.TotalRuntime, m.Rate, m.Items, m.Alerts.WorkflowInterrupted}
		if p.Rate == 0 && p.TotalRuntime > 0 {
			p.Rate = float64(len(p.Items)) / p.TotalRuntime
		}
		points[concurrency] = p
	}
	if len(points) == 0 {
		return nil, ErrNoPoints
	}
	return ordered(points), nil
}

// ReadOutputFile reads the points of a file; see [ReadOutput].
func ReadOutputFile(path string) ([]Point, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	points, err := ReadOutput(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return points, nil
}

// ReadJobs reads the points of the jobs in folder/online, where NAT keeps what it measured, the newest first: of a concurrency that was
// measured twice the newest counts. Files that cannot be read are reported in the error, beside the points of the others.
func ReadJobs(folder string) ([]Point, error) {
	paths, err := filepath.Glob(filepath.Join(folder, onlineDir, "job_*", outputFile))
	if err != nil {
		return nil, err
	}
	type job struct {
		path string
		info fs.FileInfo
	}
	var jobs []job
	var errs []error
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		jobs = append(jobs, job{path, info})
	}
	slices.SortStableFunc(jobs, func(a, b job) int {
		return cmp.Or(b.info.ModTime().Compare(a.info.ModTime()), strings.Compare(b.path, a.path))
	})
	all := map[int]Point{}
	for _, j := range jobs {
		points, err := ReadOutputFile(j.path)
		errs = append(errs, err)
		for _, p := range points {
			if _, known := all[p.Concurrency]; !known {
				all[p.Concurrency] = p
			}
		}
	}
	if len(all) == 0 {
		errs = append(errs, fmt.Errorf("%s: %w", filepath.Join(folder, onlineDir), ErrNoPoints))
	}
	return ordered(all), errors.Join(errs...)
}

// ReadProfile makes the point of a concurrency from the inference_optimization.json of a profile that was taken at it.
func ReadProfile(folder string, concurrency int) (Point, error) {
	path := filepath.Join(folder, "inference_optimization.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return Point{}, err
	}
	var o profiler.InferenceOptimization
	if err := json.Unmarshal(text, &o); err != nil {
		return Point{}, fmt.Errorf("%s: %w", path, err)
	}
	ci := o.ConfidenceIntervals
	p := Point{Concurrency: concurrency, LLMLatencyP95: ci.LLMLatency.P95, WorkflowRuntimeP95: ci.WorkflowRuntime.P95, Rate: ci.Throughput.Mean}
	if p.Rate > 0 {
		p.TotalRuntime = float64(ci.Throughput.N) / p.Rate
	}
	if ci.WorkflowRuntime.N == 0 {
		return p, fmt.Errorf("%s: %w", path, ErrNoPoints)
	}
	return p, nil
}
