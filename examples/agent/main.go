// Agent is a small agent in plain Go, recorded and profiled: it plans, calls three tools side by side, one of which reads with a
// model, and writes an answer. One tool fails for one question, and the agent answers all the same.
//
// Its calls of models are recorded by the transport of its HTTP client; they know nothing of it. The model is the server that comes with
// the module, in memory.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/price"
	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/page"
	"github.com/llmeter-go/llmeter/profiler/record"
)

func main() {
	if err := run(context.Background(), filepath.Join("runs", "agent")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var questions = []string{
	"Shall I take an umbrella to Lisbon?", "How far is it from Lisbon to Atlantis?",
	"What does a tram ticket in Lisbon cost?", "When does the castle open?",
}

// prices are for a million tokens.
var prices = price.Table{Currency: "USD", Models: []price.Rates{
	{Model: "writer", Input: 3 * price.Unit, Output: 15 * price.Unit},
	{Model: "*", Input: price.Unit / 4, Output: 2 * price.Unit},
}}

func run(ctx context.Context, folder string) error {
	server, err := mock.New(mock.Options{TTFT: mock.LogNormal(30*time.Millisecond, 0.3), ITL: mock.Fixed(time.Millisecond)})
	if err != nil {
		return err
	}
	defer server.Close()
	client := server.Client()
	client.Transport = &record.Transport{Base: client.Transport}
	a := agent{client: client, url: server.URL + "/v1/chat/completions"}

	config := profiler.FullConfig()
	config.Costs.Prices = prices
	results, err := profiler.Runner{Config: config, OutputDir: folder, Concurrency: 2}.RunPrompts(ctx, questions, a.answer)
	if err != nil {
		return err
	}
	if err := results.SimpleStack.WriteReport(os.Stdout); err != nil {
		return err
	}
	failed := 0
	for _, r := range results.Requests {
		failed += r.Incomplete()[profiler.Failed]
	}
	fmt.Printf("\n%d questions, %d failed call; the profile is in %s\n", len(results.Usage), failed, folder)
	return writePage(filepath.Join(folder, "profile.html"), results)
}

func writePage(path string, results *profiler.Results) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := page.HTML(file, results); err != nil {
		return err
	}
	fmt.Println("its page is", path)
	return file.Close()
}

// An agent answers questions.
type agent struct {
	client *http.Client
	url    string
}

func (a agent) answer(ctx context.Context, question string) (string, error) {
	if _, err := a.plan(ctx, question); err != nil {
		return "", err
	}
	var found [3]string
	var calls sync.WaitGroup
	for i, t := range []struct {
		name string
		use  func(context.Context, string) (string, error)
	}{{"search", a.search}, {"weather", weather}, {"distance", distance}} {
		calls.Go(func() {
			ctx, span := profiler.Start(ctx, profiler.Tool, t.name, question)
			out, err := t.use(ctx, question)
			span.End(profiler.Outcome{Output: out, Err: err})
			if found[i] = out; err != nil {
				found[i] = t.name + " failed: " + err.Error()
			}
		})
	}
	calls.Wait()
	return a.ask(ctx, "writer", 60, question, strings.Join(found[:], "\n"))
}

// plan is a function of the agent with a name of its own in the profile.
func (a agent) plan(ctx context.Context, question string) (string, error) {
	ctx, span := profiler.Start(ctx, profiler.Function, "plan", question)
	out, err := a.ask(ctx, "planner", 20, "Which tools help?", question)
	span.End(profiler.Outcome{Output: out, Err: err})
	return out, err
}

// search finds a page and has a model read it.
func (a agent) search(ctx context.Context, question string) (string, error) {
	time.Sleep(20 * time.Millisecond)
	return a.ask(ctx, "reader", 40, "Sum up what the page says.", question)
}

func weather(context.Context, string) (string, error) {
	time.Sleep(50 * time.Millisecond)
	return "sunny", nil
}

func distance(_ context.Context, question string) (string, error) {
	time.Sleep(10 * time.Millisecond)
	if strings.Contains(question, "Atlantis") {
		return "", errors.New("no such place")
	}
	return "300 km", nil
}

// ask asks a model, as any program would.
func (a agent) ask(ctx context.Context, model string, tokens int, messages ...string) (string, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	request := map[string]any{"model": model, "max_tokens": tokens}
	var all []message
	for _, m := range messages {
		all = append(all, message{"user", m})
	}
	request["messages"] = all
	body, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct{ Choices []struct{ Message message } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if len(answer.Choices) == 0 {
		return "", fmt.Errorf("no answer: %s", resp.Status)
	}
	return answer.Choices[0].Message.Content, nil
}
