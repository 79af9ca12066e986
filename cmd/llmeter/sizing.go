package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/profiler/sizing"
	"github.com/llmeter-go/llmeter/result"
)

type sizingCommand struct {
	Points                []string      `arg:"" optional:"" name:"measured" help:"What was measured: folders of load tests, calc_runner_output.json files, or N=DIR for a profile that was taken at N requests at once. Without, the jobs in --calc-output-dir."`
	TargetLLMLatency      targetSeconds `name:"target-llm-latency" placeholder:"TIME" help:"Longest 95th percentile of LLM latency, such as 2.5s; a plain number is seconds."`
	TargetWorkflowRuntime targetSeconds `name:"target-workflow-runtime" placeholder:"TIME" help:"Longest 95th percentile of the run time of a workflow, likewise."`
	TargetUsers           int           `name:"target-users" required:"" placeholder:"N" help:"Users at once."`
	TestGPUCount          int           `name:"test-gpu-count" required:"" placeholder:"N" help:"GPUs with which it was measured."`
	CalcOutputDir         string        `name:"calc-output-dir" placeholder:"DIR" help:"Folder whose online/job_… are read, and in whose offline/job_TIME the files are written."`
	OfflineMode           bool          `name:"offline-mode" hidden:"" help:"For scripts of nat sizing calc: nothing else is done here."`
	Format                string        `enum:"text,json" default:"text" help:"Form of the result: text or json."`
}

// targetSeconds is a time, or a number of seconds as NAT's command takes it.
type targetSeconds float64

// UnmarshalText reads 2.5 and 2.5s alike.
func (s *targetSeconds) UnmarshalText(text []byte) error {
	if v, err := strconv.ParseFloat(string(text), 64); err == nil {
		*s = targetSeconds(v)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is neither a time nor a number of seconds", text)
	}
	*s = targetSeconds(d.Seconds())
	return nil
}

// Run estimates how many GPUs the target needs. Without an estimate the exit code is 1.
func (c *sizingCommand) Run(ctx context.Context, term *terminal) error {
	targets := sizing.Targets{
		LLMLatencyP95: float64(c.TargetLLMLatency), WorkflowRuntimeP95: float64(c.TargetWorkflowRuntime), Users: c.TargetUsers, TestGPUs: c.TestGPUCount,
	}
	if err := targets.Validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	if len(c.Points) == 0 && c.CalcOutputDir == "" {
		return &exitError{exitUsage, errors.New("name what was measured, or the --calc-output-dir in which it is")}
	}
	points, broken := c.read(ctx)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, ctx.Err()}
	}
	if len(points) == 0 {
		return errors.Join(broken, sizing.ErrNoPoints)
	}
	output, refused := sizing.Calculate(points, targets)
	if output == nil {
		return errors.Join(broken, refused)
	}
	if err := errors.Join(broken, c.save(output), c.print(term, output)); err != nil {
		return err
	}
	if refused != nil {
		return &exitError{exitFailed, fmt.Errorf("no estimate: %w", refused)}
	}
	return nil
}

// read gathers the points. Of a concurrency that was measured twice the one that is named first counts.
func (c *sizingCommand) read(ctx context.Context) (points []sizing.Point, err error) {
	var errs []error
	seen := map[int]bool{}
	add := func(found []sizing.Point, err error) {
		errs = append(errs, err)
		for _, p := range found {
			if !seen[p.Concurrency] {
				points = append(points, p)
			}
			seen[p.Concurrency] = true
		}
	}
	for _, path := range c.Points {
		add(readPoints(ctx, path))
	}
	if len(c.Points) == 0 {
		add(sizing.ReadJobs(c.CalcOutputDir))
	}
	return points, errors.Join(errs...)
}

func readPoints(ctx context.Context, path string) ([]sizing.Point, error) {
	if n, folder, ok := strings.Cut(path, "="); ok {
		if concurrency, err := strconv.Atoi(n); err == nil {
			p, err := sizing.ReadProfile(folder, concurrency)
			if err != nil {
				return nil, err
			}
			return []sizing.Point{p}, nil
		}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return sizing.ReadOutputFile(path)
	}
	if _, err := os.Stat(filepath.Join(path, "online")); err == nil {
		return sizing.ReadJobs(path)
	}
	if file := filepath.Join(path, sizing.Files()[0]); exists(file) {
		return sizing.ReadOutputFile(file)
	}
	test, err := experiments.LoadLoadTest(ctx, path, experiments.LoadTestOptions{LoadOptions: result.LoadOptions{LowMemory: true}})
	if err != nil {
		return nil, err
	}
	points := sizing.FromLoadTest(test)
	if len(points) == 0 {
		return nil, fmt.Errorf("%s: %w: no level kept a number of clients busy", path, sizing.ErrNoPoints)
	}
	return points, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (c *sizingCommand) save(output *sizing.Output) error {
	if c.CalcOutputDir == "" {
		return nil
	}
	return output.Save(filepath.Join(c.CalcOutputDir, "offline", fmt.Sprintf("job_%d", time.Now().Unix())))
}

func (c *sizingCommand) print(term *terminal, output *sizing.Output) error {
	if c.Format == "json" {
		return output.WriteJSON(term.out)
	}
	return output.WriteReport(term.out)
}
