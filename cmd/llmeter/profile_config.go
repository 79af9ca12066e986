package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/llmeter-go/llmeter/profiler"
)

// profilerPath is where NAT's configuration has what is for the profiler.
var profilerPath = []string{"eval", "general", "profiler"}

// readProfilerConfig reads a file of YAML, or of JSON, which is YAML: a whole configuration of NAT, or its part for the profiler. What is
// not given has NAT's default; a key that does not belong there is an error that names its line.
func readProfilerConfig(path string) (profiler.Config, error) {
	c := profiler.NATConfig()
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return c, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return c, nil
	}
	node, err := profilerNode(file.Docs[0].Body)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	type plain profiler.Config // without its reader of JSON, which knows no lines
	p := plain(c)
	if err := yaml.NodeToValue(node, &p, yaml.DisallowUnknownField(), yaml.UseJSONUnmarshaler()); err != nil {
		return c, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	return profiler.Config(p), nil
}

// profilerNode goes down to the profiler's part, from wherever the file begins on the way to it.
func profilerNode(node ast.Node) (ast.Node, error) {
	on := false
	for _, name := range profilerPath {
		below := member(node, name)
		if below == nil && on {
			return nil, fmt.Errorf("there is no %s in it", strings.Join(profilerPath, "."))
		}
		if below != nil {
			node, on = below, true
		}
	}
	return node, nil
}

// member is the value of a key of a mapping; nil if there is none.
func member(node ast.Node, name string) ast.Node {
	m, ok := node.(ast.MapNode)
	if !ok {
		return nil
	}
	for i := m.MapRange(); i.Next(); {
		if i.Key().GetToken().Value == name { // without the quotes that JSON has
			return i.Value()
		}
	}
	return nil
}
