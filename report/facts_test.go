package report

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

func spans(all []figure.Bar) (texts []string) {
	for _, b := range all {
		texts = append(texts, fmt.Sprintf("%s %.3f–%.3f", phases[b.Kind].Name, b.Start, b.End))
	}
	return texts
}

func TestThePhasesOfARequestFollowItsInstants(t *testing.T) {
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	r := &endpoint.Response{
		Intended: at(0), Dispatched: at(5), FirstToken: at(250), LastToken: at(300), End: at(310), Streamed: true,
		Attempts: []endpoint.Attempt{
			{Start: at(5), Ready: at(25), Written: at(26), FirstByte: at(40), End: at(41), Error: &endpoint.Error{Kind: endpoint.KindServerStatus}},
			{Start: at(141), Ready: at(141), Written: at(142), FirstByte: at(200), End: at(310)},
		},
	}
	require.Equal(t, []string{
		"wait before sending 0.000–0.005", "connect 0.005–0.025", "send 0.025–0.026", "to the first byte 0.026–0.040", "to the failure 0.040–0.041",
		"wait before sending 0.041–0.141", "send 0.141–0.142", "to the first byte 0.142–0.200", "to the first token 0.200–0.250", "tokens 0.250–0.300",
	}, spans(bars(r, 0)))

	r.Error, r.LastToken = &endpoint.Error{Kind: endpoint.KindReset}, at(280)
	require.Equal(t, []string{"tokens 0.250–0.280", "to the failure 0.280–0.310"}, spans(bars(r, 0))[9:])

	r = &endpoint.Response{Dispatched: at(0), LastToken: at(9)} // all that other tools' files tell
	require.Equal(t, []string{"tokens 0.000–0.009"}, spans(bars(r, 0)))
}

func TestTokensCountWhenTheyCome(t *testing.T) {
	second := []time.Duration{time.Second}
	res := complete(result.Result{TotalTestTime: 10 * time.Second, Clients: 1},
		streamed(0, 0, 500*time.Millisecond, append(second, second...), "a"),
		fails(streamed(1, 4*time.Second, 500*time.Millisecond, second, "a"), endpoint.KindReset, "gone"),
		whole(streamed(2, 6*time.Second, 500*time.Millisecond, second, "a")))
	f := gather(res)
	require.Equal(t, 1.0, f.width)
	require.Equal(t, map[int]float64{0: 1, 1: 1, 2: 1, 7: 2}, f.tokens)
	require.Equal(t, []float64{0, 4, 6}, f.sent)
	require.InDelta(t, 2/0.501, f.tokenRate().Series[0].(figure.Line).Y[7], 1e-9) // over the time until the last request ended
	require.True(t, math.IsNaN(f.ttlt[1]) && !math.IsNaN(f.ttlt[2]))

	// Hidden reasoning is there by the first token.
	r := streamed(0, 0, 500*time.Millisecond, second, "a")
	r.OutputTokens, r.ReasoningTokens = endpoint.Counted(12), endpoint.Counted(10)
	require.Equal(t, map[int]float64{0: 11, 1: 1}, gather(complete(result.Result{TotalTestTime: 10 * time.Second}, r)).tokens)
}

func TestInstantsInWholeSecondsTellNothingOfRequestsInFlight(t *testing.T) {
	r := &endpoint.Response{RequestTime: start, Dispatched: start, LastToken: start.Add(30 * time.Millisecond)} // as LLMeter's files have it
	f := gather(complete(result.Result{Clients: 1}, r, r))
	require.True(t, f.coarse)
	require.NotContains(t, titles(page(f)), "In flight")
	r.RequestTime = start.Add(1)
	require.Contains(t, titles(page(gather(complete(result.Result{Clients: 1}, r, r)))), "In flight")
}

func TestTheTypicalStreamIsTheMedianAndTheSlowestStaySlowest(t *testing.T) {
	const n = 5001
	var all []*endpoint.Response
	for i := range n {
		ms := 1 + i*7919%n // every number from 1 to n once
		all = append(all, streamed(i, 0, time.Duration(ms)*time.Millisecond, []time.Duration{0}, "a"))
	}
	f := gather(complete(result.Result{}, all...))
	require.LessOrEqual(t, len(f.streams), candidates)
	require.InDelta(t, float64(n)/2*1e-3, metric(f.typical(), "ttlt"), 0.02)
	require.Len(t, f.slow, slowest)
	for i, r := range f.slow {
		require.Equal(t, time.Duration(n-i+1)*time.Millisecond, took(r)) // its end is a millisecond after its last token
	}
	require.Equal(t, n*time.Millisecond.Seconds(), metric(f.slowStream, "ttlt"))
}

func TestARunThatSaysItWasShortHasFewStretchesOfTimeAllTheSame(t *testing.T) {
	res := complete(result.Result{TotalTestTime: time.Millisecond}, streamed(0, 0, time.Second, nil, "a"), streamed(1, 0, 30*time.Hour, nil, "b"))
	f := gather(res)
	require.LessOrEqual(t, f.count, 10*windows+1)
	sum := 0.0
	for w, n := range f.tokens {
		require.Less(t, w, f.count)
		sum += n
	}
	require.Equal(t, 2.0, sum)
}

func TestGapsAreDrawnAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 200).Draw(t, "values")
		got, _ := gapValues(stats.SampleOf(values))
		for i, v := range values {
			values[i] = max(v, leastGap)
		}
		slices.Sort(values)
		require.Equal(t, values, got)
	})
}

func TestOfManyGapsQuantilesAreDrawn(t *testing.T) {
	var s stats.Sample
	for i := range 50_000 {
		s.Add(1 + float64(i)*1e-3)
	}
	s.AddN(0, 50_000)
	got, note := gapValues(&s)
	require.Len(t, got, mostGaps)
	require.True(t, slices.IsSorted(got))
	require.Equal(t, leastGap, got[mostGaps/2-1])
	require.Equal(t, s.Max(), got[mostGaps-1])
	require.InDelta(t, s.Quantile(0.75), stats.Quantile(got, 0.75), 0.05)
	require.Equal(t, "Drawn from 20,000 quantiles of 100,000 gaps. 50 % of the tokens came at once with the one before; they are drawn at 100 µs.", note)
}
