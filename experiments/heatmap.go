package experiments

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
)

// A LatencyHeatmap measures how latency depends on the lengths of prompts and answers: every combination of lengths, each
// exactly as often as asked whatever the number of clients. LLMeter's endpoint, clients, output_path and tokenizer stand
// here in Runner.
type LatencyHeatmap struct {
	// Runner is what the runs have in common. Its payloads are made here, and its Requests and Duration follow from them.
	// Clients 0 = 4. Its Tokenizer counts the prompts, and what the endpoint does not report; its Seed chooses prompts and
	// order.
	Runner llmeter.Runner

	// InputLengths are the lengths of the prompts in tokens, exactly. nil = 10, 50, 200, 500.
	InputLengths []int
	// OutputLengths are the most tokens of the answers. nil = 128, 256, 512, 1024.
	OutputLengths []int
	// RequestsPerCombination is how often each combination is sent, with another prompt each time. 0 = 1.
	RequestsPerCombination int

	// Source is the text that prompts are cut from, at random places; SourceFile names a file instead. Neither = random words.
	Source, SourceFile string
	// Loop lets prompts go round a source that is too short for them; otherwise that is an error.
	Loop bool
	// UniquePrefix begins each prompt with words of its own, so that a server's cache of prefixes is of no use.
	UniquePrefix bool

	// CreatePayload makes a request for at most maxTokens tokens from a prompt. nil = the endpoint's own CreatePayload,
	// which it must then have.
	CreatePayload func(maxTokens int, prompt string) (llmeter.Payload, error)

	// Isolated gives each combination a run of its own, in random order, so that combinations do not load one another.
	// Otherwise all are mixed in one run, as LLMeter does.
	Isolated bool

	// Progress is told where the experiment stands; see [Plan.Progress].
	Progress func(Progress)
}

// A HeatmapResult is what a LatencyHeatmap brought.
type HeatmapResult struct {
	Name       string
	OutputPath string            // the folder of the experiment, "" if there is none
	Runs       []*llmeter.Result // one for all combinations, or one for each, in the order in which they were run
}

// Responses gives the responses of all runs.
func (h *HeatmapResult) Responses() iter.Seq2[*llmeter.Response, error] {
	return func(yield func(*llmeter.Response, error) bool) {
		for _, run := range h.Runs {
			for r, err := range run.Responses() {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// Cells gives the statistics of each combination of lengths that was asked for.
func (h *HeatmapResult) Cells() (Grid, error) { return CellsByLabel(h.Responses()) }

// Binned gives the statistics of what came, by the numbers of tokens that were counted, in so many bins each.
func (h *HeatmapResult) Binned(inputBins, outputBins int) (Grid, error) {
	return CellsByTokens(h.Responses(), inputBins, outputBins)
}

// Run makes the prompts and runs them. Beside an error it gives the runs until then.
func (h LatencyHeatmap) Run(ctx context.Context) (*HeatmapResult, error) {
	payloads, err := h.payloads()
	if err != nil {
		return nil, fmt.Errorf("invalid latency heatmap: %w", err)
	}
	steps := h.steps(payloads)
	series, err := Plan{
		Kind: KindHeatmap, Runner: h.Runner, Runs: len(steps), Progress: h.Progress,
		Settings: map[string]any{"prompts": digest(payloads), "isolated": h.Isolated},
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	res := &HeatmapResult{Name: series.Name(), OutputPath: series.Folder()}
	for _, s := range steps {
		r, err := series.Run(ctx, s.Name, s.Runner)
		if r != nil {
			res.Runs = append(res.Runs, r)
		}
		if err != nil {
			return res, err
		}
	}
	return res, nil
}

// LoadHeatmap loads the folder of a latency heatmap: of this module, or the run that LLMeter makes of it.
func LoadHeatmap(ctx context.Context, folder string, o result.LoadOptions) (*HeatmapResult, error) {
	h := &HeatmapResult{OutputPath: folder}
	if run, err := result.Load(ctx, folder, o); err == nil {
		h.Name, h.Runs = run.RunName, []*llmeter.Result{run}
		return h, nil
	}
	test, err := LoadLoadTest(ctx, folder, LoadTestOptions{LoadOptions: o})
	if err != nil {
		return nil, err
	}
	h.Name = test.TestName
	for _, level := range test.Levels {
		h.Runs = append(h.Runs, level.Result)
	}
	return h, nil
}

// payloads are all requests, or everything that keeps the experiment from running.
func (h LatencyHeatmap) payloads() ([]llmeter.Payload, error) {
	var p problems
	r := h.Runner
	if len(r.Payloads) > 0 || r.PayloadPath != "" || r.Source != nil {
		p.complain("Runner has payloads; the heatmap makes its own")
	}
	if r.Requests != 0 || r.Duration != 0 {
		p.complain("Runner.Requests and Runner.Duration follow from the combinations and must be left out")
	}
	p.negative("RequestsPerCombination", float64(h.RequestsPerCombination))
	r.Requests, r.Duration, r.PayloadPath = 0, 0, ""
	r.Payloads, r.Source = nil, func(func(llmeter.Payload, error) bool) {}
	p.also(r.Validate())
	creator, ok := h.creator()
	if !ok && r.Endpoint != nil {
		p.complain("the endpoint has no CreatePayload, and the field of that name is nil")
	}
	if p != nil {
		return nil, p.join()
	}
	return prompt.Collection{
		InputLengths: orLengths(h.InputLengths, 10, 50, 200, 500), OutputLengths: orLengths(h.OutputLengths, 128, 256, 512, 1024),
		RequestsPerCombination: h.RequestsPerCombination, Source: h.Source, SourceFile: h.SourceFile, Loop: h.Loop,
		UniquePrefix: h.UniquePrefix, Tokenizer: r.Tokenizer, Seed: r.Seed,
	}.Payloads(creator)
}

func orLengths(lengths []int, standard ...int) []int {
	if lengths == nil {
		return standard
	}
	return lengths
}

// A creation makes payloads with a function.
type creation func(maxTokens int, prompt string) (llmeter.Payload, error)

// CreatePayload calls the function with the text that a prompt collection gives: one part.
func (f creation) CreatePayload(maxTokens int, parts ...endpoint.Part) (llmeter.Payload, error) {
	text, _ := parts[0].(endpoint.Text)
	return f(maxTokens, string(text))
}

func (h LatencyHeatmap) creator() (endpoint.PayloadCreator, bool) {
	if h.CreatePayload != nil {
		return creation(h.CreatePayload), true
	}
	if h.Runner.Endpoint == nil {
		return nil, false
	}
	return endpoint.As[endpoint.PayloadCreator](h.Runner.Endpoint)
}

// runner sends each payload once, whatever the number of clients: they share a source, which ends.
func (h LatencyHeatmap) runner(payloads []llmeter.Payload) llmeter.Runner {
	r := h.Runner
	if r.Clients == 0 && r.Arrivals == nil {
		r.Clients = 4
	}
	r.Source = func(yield func(llmeter.Payload, error) bool) {
		for _, p := range payloads {
			if !yield(p, nil) {
				return
			}
		}
	}
	return r
}

// shuffled gives the payloads of each combination together, the combinations in random order.
func (h LatencyHeatmap) shuffled(payloads []llmeter.Payload) (cells [][]llmeter.Payload) {
	of := func(p llmeter.Payload, label string) int {
		n, _ := strconv.Atoi(p.Labels[label]) // as the collection wrote it
		return n
	}
	sorted := slices.SortedStableFunc(slices.Values(payloads), func(a, b llmeter.Payload) int {
		return cmp.Or(cmp.Compare(of(a, prompt.LabelInputLength), of(b, prompt.LabelInputLength)),
			cmp.Compare(of(a, prompt.LabelOutputLength), of(b, prompt.LabelOutputLength)))
	})
	for len(sorted) > 0 {
		end := slices.IndexFunc(sorted, func(p llmeter.Payload) bool { return cellName(p) != cellName(sorted[0]) })
		if end < 0 {
			end = len(sorted)
		}
		cells, sorted = append(cells, sorted[:end:end]), sorted[end:]
	}
	rand.New(rand.NewPCG(h.Runner.Seed, 0)).Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	return cells
}

// cellName is the name of the run of one combination.
func cellName(p llmeter.Payload) string {
	return p.Labels[prompt.LabelInputLength] + "-in-" + p.Labels[prompt.LabelOutputLength] + "-out"
}
