//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/mock"
)

// childCommand as the first argument makes this program a child: it reads its job from standard input as JSON and writes
// what came of it to standard output.
const childCommand = "child"

// roles are what a child can be.
var roles = map[string]func(job json.RawMessage) (any, error){
	"stream": role(stream),
	"cpu":    role(pairs),
	"pace":   role(pace),
	"spin":   role(spin),
	"hold":   role(hold),
	"long":   role(long),
	"ingest": role(ingestEvents),
}

func role[Job, Outcome any](f func(Job) (Outcome, error)) func(json.RawMessage) (any, error) {
	return func(data json.RawMessage) (any, error) {
		var job Job
		if err := json.Unmarshal(data, &job); err != nil {
			return nil, err
		}
		return f(job)
	}
}

func child(name string) (code int) {
	err := profiled(name, func() error {
		if name == "serve" {
			return serve(os.Stdin)
		}
		job, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		outcome, err := roles[name](job)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(outcome)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// command is a child pinned to a processor.
func (b *bench) command(core, name string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{self, childCommand, name}
	if core != "" {
		args = append([]string{"taskset", "-c", core}, args...)
	}
	return exec.CommandContext(b.ctx, args[0], args[1:]...), nil
}

// call lets a child do a job.
func call[Outcome any](b *bench, core, name string, job any) (out Outcome, err error) {
	cmd, err := b.command(core, name)
	if err != nil {
		return out, err
	}
	data, err := json.Marshal(job)
	if err != nil {
		return out, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(data), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return out, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, json.Unmarshal(stdout.Bytes(), &out)
}

// A server is the mock in a process of its own.
type server struct {
	url  string
	stop func() error
}

// startServer starts the mock on its processor.
func (b *bench) startServer(o mock.Options) (*server, error) {
	cmd, err := b.command(b.cores.server, "serve")
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{stop: func() error { return errors.Join(stdin.Close(), cmd.Wait()) }}
	if err := json.NewEncoder(stdin).Encode(o); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

// serve is the server's process: it ends when its input does.
func serve(in io.Reader) error {
	var o mock.Options
	input := json.NewDecoder(in)
	if err := input.Decode(&o); err != nil {
		return err
	}
	s, err := mock.Start(o)
	if err != nil {
		return err
	}
	fmt.Println(s.URL)
	_, _ = io.Copy(io.Discard, in)
	return s.Close()
}

// reset makes the server forget its records.
func reset(url string) error {
	resp, err := http.Post(url+"/mock/reset", "", nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// records gives the server's records once all requests have ended.
func records(url string) ([]mock.Record, error) {
	var all []mock.Record
	for range 100 { // a record may be completed a moment after its client has read the last event
		resp, err := http.Get(url + "/mock/records")
		if err != nil {
			return nil, err
		}
		all = all[:0]
		done := true
		for d := json.NewDecoder(resp.Body); ; {
			var r mock.Record
			if err = d.Decode(&r); err != nil {
				break
			}
			done = done && r.Done
			all = append(all, r)
		}
		if resp.Body.Close(); err != io.EOF {
			return nil, err
		}
		if done {
			return all, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.New("requests are still open at the server")
}
