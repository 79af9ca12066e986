package experiments

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/slo"
)

// ends are the instants at which slots become free, the next one first.
type ends []float64

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i] < h[j] }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ends) Push(x any)        { *h = append(*h, x.(float64)) }
func (h *ends) Pop() any          { panic("not used") }

// queued are the responses of a server with slots, each of which takes a second for a request, under Poisson arrivals. The first
// token comes at the end.
func queued(rate float64, n, slots int, seed uint64) (all []*llmeter.Response) {
	random := rand.New(rand.NewPCG(seed, 1))
	zero := time.Unix(1e9, 0)
	after := func(seconds float64) time.Time { return zero.Add(time.Duration(seconds * float64(time.Second))) }
	free := make(ends, slots)
	at := 0.0
	for i := range n {
		at += random.ExpFloat64() / rate
		free[0] = max(at, free[0]) + 1
		end := after(free[0])
		heap.Fix(&free, 0)
		all = append(all, &llmeter.Response{Seq: i, Streamed: true, Dispatched: after(at), FirstToken: end, LastToken: end, End: end})
	}
	return all
}

// TestCapacityIsFoundWithinATwentieth searches the highest rate of queues of which it is known: by simulating three million
// requests at each of many rates.
func TestCapacityIsFoundWithinATwentieth(t *testing.T) {
	for _, queue := range []struct {
		slots     int
		objective string
		capacity  float64
	}{
		{4, "ttft-p95 < 2s", 2.898},
		{16, "goodput(ttft<1500ms) > 90%", 14.218},
	} {
		const searches = 40 / RaceSlowdown
		within, inside := 0, 0
		for seed := range uint64(searches) {
			c := Capacity{Rates: true, RequestsPerLevel: 6000, Objectives: []slo.Objective{slo.MustParse(queue.objective)}}
			s := search{start: 1, most: 1024, precision: c.precision(), probe: func(at float64) (Decision, float64, error) {
				j := c.judge(Load{Rate: load.Rate(at)})
				var seen []observation
				for _, r := range queued(at, c.RequestsPerLevel, queue.slots, levelSeed(seed, Load{Rate: load.Rate(at)}.runName())) {
					seen = append(seen, j.observe(r))
				}
				d, checks, _ := j.decide(seen, nil)
				return d, excess(checks), nil
			}}
			found, err := s.run()
			require.NoError(t, err)
			if math.Abs(found.best/queue.capacity-1) <= 0.05 {
				within++
			}
			if found.lo/(1+c.precision()) <= queue.capacity && queue.capacity <= found.hi {
				inside++
			}
		}
		t.Logf("%d slots, %s: within 5 %% in %d, inside the interval in %d of %d searches", queue.slots, queue.objective, within, inside, searches)
		require.GreaterOrEqual(t, within, searches*95/100)
		require.GreaterOrEqual(t, inside, searches*95/100)
	}
}

func TestASearchFindsWhereSureDecisionsTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Bool().Draw(t, "whole")
		truth := rapid.Float64Range(0.2, 3000).Draw(t, "truth")
		start := float64(rapid.IntRange(1, 50).Draw(t, "start"))
		probes := map[float64]bool{}
		s := search{whole: whole, start: start, most: 1024, precision: 0.05, probe: func(at float64) (Decision, float64, error) {
			require.False(t, probes[at], "%v is tried twice", at)
			probes[at] = true
			require.True(t, at > 0 && at <= 1024 && (!whole || at == math.Round(at)), at)
			if at <= truth {
				return Met, math.Log(at / truth), nil
			}
			return Missed, math.Log(at / truth), nil
		}}
		found, err := s.run()
		require.NoError(t, err)
		lowest := start / 16
		if whole {
			lowest = 1
		}
		switch {
		case truth >= 1024:
			require.Equal(t, finding{1024, math.Inf(1), 1024}, found)
		case truth < lowest:
			require.Equal(t, 0.0, found.best)
			require.Equal(t, 0.0, found.lo)
		case whole:
			require.LessOrEqual(t, found.lo, truth)
			require.Greater(t, found.hi, truth)
			require.LessOrEqual(t, found.hi-found.lo, math.Max(1, math.Ceil(0.05*found.lo)))
			require.InDelta(t, math.Floor(truth), found.best, found.hi-found.lo)
		default:
			require.LessOrEqual(t, found.lo, truth)
			require.Greater(t, found.hi, truth)
			require.LessOrEqual(t, found.hi, 1.05*found.lo)
			require.InEpsilon(t, truth, found.best, 0.05)
		}
		require.Less(t, len(probes), 30)
	})
}

func TestUnclearLevelsWidenTheInterval(t *testing.T) {
	s := search{start: 1, most: 1024, precision: 0.05, probe: func(at float64) (Decision, float64, error) {
		switch excess := math.Log(at / 100); {
		case at < 80:
			return Met, excess, nil
		case at > 130:
			return Missed, excess, nil
		default:
			return Unclear, excess, nil
		}
	}}
	found, err := s.run()
	require.NoError(t, err)
	require.InDelta(t, 78, found.lo, 2)
	require.InDelta(t, 133, found.hi, 3)
	require.InEpsilon(t, 100, found.best, 0.02)
}

func TestNothingMetForSureIsNoSureCapacity(t *testing.T) {
	probes := 0
	s := search{start: 8, most: 1024, precision: 0.05, probe: func(at float64) (Decision, float64, error) {
		probes++
		if at > 10 {
			return Missed, 1, nil
		}
		return Unclear, math.NaN(), nil
	}}
	found, err := s.run()
	require.NoError(t, err)
	require.Equal(t, 0.0, found.lo)
	require.Less(t, probes, 12)
}
