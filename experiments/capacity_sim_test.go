package experiments

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/slo"
)

type ends []float64

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i] < h[j] }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ends) Push(x any)        { *h = append(*h, x.(float64)) }
func (h *ends) Pop() any          { o := *h; v := o[len(o)-1]; *h = o[:len(o)-1]; return v }

// openQueue simulates a server of some slots under Poisson arrivals.
func openQueue(rate float64, n, slots int, service func(*rand.Rand) float64, seed uint64) (all []*llmeter.Response) {
	random := rand.New(rand.NewPCG(seed, 1))
	busy := make(ends, slots)
	zero := time.Unix(1e9, 0)
	at := 0.0
	for i := range n {
		at += random.ExpFloat64() / rate
		start := max(at, busy[0])
		busy[0] = start + service(random)
		end := zero.Add(time.Duration(busy[0] * 1e9))
		heap.Fix(&busy, 0)
		sent := zero.Add(time.Duration(at * 1e9))
		all = append(all, &llmeter.Response{Seq: i, Streamed: true, Dispatched: sent, FirstToken: end, LastToken: end, End: end})
	}
	return all
}

func sojournBeyond(t, lambda, mu float64, c int) float64 {
	r := lambda / mu
	// Erlang C by the recursion of Erlang B
	b := 1.0
	for k := 1; k <= c; k++ {
		b = r * b / (float64(k) + r*b)
	}
	C := b / (1 - r/float64(c)*(1-b))
	d := float64(c) - 1 - r
	return math.Exp(-mu*t) * (1 + C*(1-math.Exp(-mu*t*d))/d)
}

func TestTruth(t *testing.T) {
	for _, x := range []struct {
		slots  int
		text   string
		lo, hi float64
	}{{4, "ttft-p95 < 2s", 2.7, 3}, {16, "ttft-p90 < 1.5s", 14, 14.4}} {
		o := slo.MustParse(x.text)
		cr, _ := criterionOf(o)
		share := func(rate float64) float64 {
			bad, n := 0.0, 0.0
			for _, r := range openQueue(rate, 3000000, x.slots, func(*rand.Rand) float64 { return 1 }, 99) {
				if r.Seq > 100000 {
					n++
					if cr.of(r) >= 1 {
						bad++
					}
				}
			}
			return bad / n
		}
		lo, hi := x.lo, x.hi
		for range 9 {
			m := (lo + hi) / 2
			if share(m) < cr.allowed {
				lo = m
			} else {
				hi = m
			}
		}
		fmt.Println(x.slots, x.text, lo, hi)
	}
}
