package experiments

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
)

// A Bin is a half-open interval of numbers of tokens: from Lo up to, and without, Hi.
type Bin struct{ Lo, Hi int }

// Contains reports whether n lies in the bin.
func (b Bin) Contains(n int) bool { return b.Lo <= n && n < b.Hi }

// String is "128" for a bin of one number, else "[128, 352)".
func (b Bin) String() string {
	if b.Hi == b.Lo+1 {
		return strconv.Itoa(b.Lo)
	}
	return fmt.Sprintf("[%d, %d)", b.Lo, b.Hi)
}

// Bins divides the range of values into k bins of one width, as LLMeter does: the width is the range over k, rounded up to a
// whole number, and the last bin is widened by one where it would end at the greatest value. Where all values are equal there
// is one bin, without values there is none; k below 1 counts as 1.
func Bins(values []int, k int) []Bin {
	if len(values) == 0 {
		return nil
	}
	lowest, highest := slices.Min(values), slices.Max(values)
	if lowest == highest {
		return []Bin{{lowest, lowest + 1}}
	}
	k = max(k, 1)
	width := (highest - lowest + k - 1) / k
	bins := make([]Bin, k)
	for i := range bins {
		bins[i] = Bin{lowest + i*width, lowest + (i+1)*width}
	}
	if last := &bins[k-1]; last.Hi <= highest {
		last.Hi = highest + 1
	}
	return bins
}

// A Grid is a heatmap: the statistics of responses by the numbers of their tokens.
type Grid struct {
	Inputs, Outputs []Bin  // the axes, ascending
	Cells           []Cell // those that hold responses, by input and then by output
	Unplaced        int    // responses that belong to no cell because their lengths are not known
}

// A Cell holds the responses of one combination of lengths.
type Cell struct {
	Input, Output Bin
	Requests      int          // responses, failed ones included
	Failed        int          // of these
	Stats         result.Stats // of the cell, with the keys of a run: "ttft-mean", "ttlt-p50"; rates have no meaning here
}

// Cell gives the cell of two bins; ok is false if it holds nothing.
func (g Grid) Cell(input, output Bin) (cell Cell, ok bool) {
	i := slices.IndexFunc(g.Cells, func(c Cell) bool { return c.Input == input && c.Output == output })
	if i < 0 {
		return Cell{}, false
	}
	return g.Cells[i], true
}

// CellsByLabel divides responses by the lengths that were asked for, which their payloads are labelled with
// ([prompt.LabelInputLength], [prompt.LabelOutputLength]). An error of the sequence ends it.
func CellsByLabel(responses iter.Seq2[*llmeter.Response, error]) (Grid, error) {
	g := gridMaker{}
	for r, err := range responses {
		if err != nil {
			return Grid{}, err
		}
		input, errIn := strconv.Atoi(r.Payload.Labels[prompt.LabelInputLength])
		output, errOut := strconv.Atoi(r.Payload.Labels[prompt.LabelOutputLength])
		if errIn != nil || errOut != nil {
			g.unplaced++
			continue
		}
		g.add(Bin{input, input + 1}, Bin{output, output + 1}, r)
	}
	return g.grid(), nil
}

// CellsByTokens divides responses into bins by the numbers of tokens that were counted ([Bins]). Responses without counts,
// such as failed ones, are in no cell. The sequence is gone through twice; an error of it ends it.
func CellsByTokens(responses iter.Seq2[*llmeter.Response, error], inputBins, outputBins int) (Grid, error) {
	var inputs, outputs []int
	for r, err := range responses {
		if err != nil {
			return Grid{}, err
		}
		if r.InputTokens.Known() && r.OutputTokens.Known() {
			inputs, outputs = append(inputs, r.InputTokens.N), append(outputs, r.OutputTokens.N)
		}
	}
	g := gridMaker{inputs: Bins(inputs, inputBins), outputs: Bins(outputs, outputBins)}
	for r, err := range responses {
		if err != nil {
			return Grid{}, err
		}
		input, okIn := binOf(g.inputs, r.InputTokens)
		output, okOut := binOf(g.outputs, r.OutputTokens)
		if !okIn || !okOut {
			g.unplaced++
			continue
		}
		g.add(input, output, r)
	}
	return g.grid(), nil
}

func binOf(bins []Bin, n endpoint.Count) (bin Bin, ok bool) {
	i := slices.IndexFunc(bins, func(b Bin) bool { return b.Contains(n.N) })
	if i < 0 || !n.Known() {
		return Bin{}, false
	}
	return bins[i], true
}

// A gridMaker collects responses in cells. Without axes, those of the cells are the axes.
type gridMaker struct {
	inputs, outputs []Bin
	cells           map[[2]Bin]*result.Accumulator
	unplaced        int
}

func (g *gridMaker) add(input, output Bin, r *llmeter.Response) {
	if g.cells == nil {
		g.cells = map[[2]Bin]*result.Accumulator{}
	}
	key := [2]Bin{input, output}
	if g.cells[key] == nil {
		g.cells[key] = new(result.Accumulator)
	}
	g.cells[key].Add(r)
}

func (g *gridMaker) grid() Grid {
	grid := Grid{Inputs: g.inputs, Outputs: g.outputs, Unplaced: g.unplaced}
	byLo := func(a, b Bin) int { return cmp.Compare(a.Lo, b.Lo) }
	keys := slices.SortedFunc(maps.Keys(g.cells), func(a, b [2]Bin) int { return cmp.Or(byLo(a[0], b[0]), byLo(a[1], b[1])) })
	var inputs, outputs []Bin
	for _, key := range keys {
		acc := g.cells[key]
		grid.Cells = append(grid.Cells, Cell{
			key[0], key[1], acc.Requests(), acc.FailedRequests(), acc.Stats(new(llmeter.Result)),
		})
		inputs, outputs = append(inputs, key[0]), append(outputs, key[1])
	}
	if g.inputs == nil {
		slices.SortFunc(outputs, byLo)
		grid.Inputs, grid.Outputs = slices.Compact(inputs), slices.Compact(outputs)
	}
	return grid
}
