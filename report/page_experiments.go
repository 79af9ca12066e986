package report

import "github.com/llmeter-go/llmeter/figure"

func (l loadTest) page() figure.Page   { return figure.Page{Title: l.TestName} }
func (h heatmap) page() figure.Page    { return figure.Page{Title: h.Name} }
func (c capacity) page() figure.Page   { return figure.Page{Title: c.Name} }
func (c comparison) page() figure.Page { return figure.Page{Title: "Comparison"} }
func (s sweep) page() figure.Page      { return figure.Page{Title: s.Name} }
func (s soak) page() figure.Page       { return figure.Page{Title: s.Name} }
