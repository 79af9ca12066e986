package figure_test

import (
	"io"

	"github.com/llmeter-go/llmeter/figure"
)

func Example() {
	page := figure.Page{
		Title:    "Nightly test",
		Subtitle: "12 October 2025",
		Sections: []figure.Section{{
			Title: "Latency",
			Blocks: []figure.Block{
				figure.Tiles{{Label: "TTFT p99", Value: figure.Seconds.Format(0.912), Note: "95 %: 871 … 958 ms"}},
				figure.Figure{
					Title:  "Time to first token",
					X:      figure.Axis{Label: "time to first token", Unit: figure.Seconds, Log: true},
					Y:      figure.Axis{Label: "share of requests", Unit: figure.Fraction},
					Series: []figure.Series{figure.ECDF{Name: "today", Values: []float64{0.18, 0.21, 0.19, 0.9}}},
					Marks:  []figure.Mark{{Kind: figure.MarkX, X: 0.5, Label: "objective 500 ms"}},
				},
			},
		}},
	}
	if err := page.WriteHTML(io.Discard); err != nil { // a file, in earnest
		panic(err)
	}
}
