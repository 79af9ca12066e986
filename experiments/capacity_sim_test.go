package experiments

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
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

func TestSim2(t *testing.T) {
	if os.Getenv("SIM") == "" {
		t.Skip()
	}
	for _, sigma := range []float64{0} {
		service := func(r *rand.Rand) float64 { return math.Exp(sigma * r.NormFloat64()) }
		for _, slots := range []int{4, 16} {
			for _, text := range []string{"ttft-p90 < 1.5s", "ttft-p90 < 3s", "ttft-p99 < 3s"} {
				o := slo.MustParse(text)
				cr, _ := criterionOf(o)
				share := func(rate float64) float64 {
					bad, n := 0.0, 0.0
					for _, r := range openQueue(rate, 500000, slots, service, 99) {
						if r.Seq > 100000 {
							bad, n = bad+cr.of(r), n+1
						}
					}
					return bad / n
				}
				lo, hi := 0.5*float64(slots), float64(slots)*1.1
				for range 12 {
					m := (lo + hi) / 2
					if share(m) < cr.allowed {
						lo = m
					} else {
						hi = m
					}
				}
				truth := lo
				fmt.Printf("sigma %v slots %d %s truth %.3f, at 0.95: %.4f, at 1.05: %.4f\n", sigma, slots, text, truth, share(truth*.95), share(truth*1.05))
				within, covers, total, nreq, nlev, width := 0, 0, 20, 0, 0, 0.0
				for seed := range total {
					c := Capacity{Rates: true, Objectives: []slo.Objective{o}}
					s := search{start: 1, most: 1024, precision: 0.05, probe: func(at float64) (Decision, float64, error) {
						l := Load{Rate: load.Rate(at)}
						j := c.judge(l)
						n := c.requests(l)
						var obs []observation
						for _, r := range openQueue(at, n, slots, service, levelSeed(uint64(seed), l.runName())) {
							obs = append(obs, j.observe(r))
						}
						d, checks, _ := j.decide(obs, nil)
						nreq += checks[0].N
						nlev++
						return d, excess(checks), nil
					}}
					f, _ := s.run()
					if math.Abs(f.best-truth) < 0.05*truth {
						within++
					}
					if f.lo/1.05 <= truth && truth <= f.hi {
						covers++
					}
					width += math.Log(f.hi / f.lo)
					if seed < 8 {
						fmt.Printf("%.3f [%.3f %.3f]  ", f.best, f.lo, f.hi)
					}
				}
				fmt.Println("within", within, "covers", covers, "of", total, "req/search", nreq/total, "levels", float64(nlev)/float64(total), "width", width/float64(total))
			}
		}
	}
}
