package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// settings are what a YAML file says of the flags of commands. Top-level keys are commands, and those that begin with x- hold
// what others refer to (&name, <<: *name).
type settings struct {
	path     string
	commands map[string]map[string]setting
	lines    map[string]int // of the commands
	anchors  anchors
	merging  map[ast.Node]bool // mappings that are being gone through
	problems []problem
}

// anchors are what stands at &name.
type anchors map[string]ast.Node

// Visit collects them.
func (a anchors) Visit(node ast.Node) ast.Visitor {
	if n, ok := node.(*ast.AnchorNode); ok {
		a[n.Name.GetToken().Value] = n.Value
	}
	return a
}

// A problem is what is wrong in a line.
type problem struct {
	line int
	err  error
}

// A setting is what the file says of one flag.
type setting struct {
	values []string
	list   bool // several values, in a sequence or in a mapping
	pairs  bool // they were a mapping
	line   int
}

// parseSettings reads a file. The error holds everything that is wrong with its form.
func parseSettings(path string, data []byte) (*settings, error) {
	s := &settings{
		path: path, commands: map[string]map[string]setting{}, lines: map[string]int{}, anchors: anchors{}, merging: map[ast.Node]bool{},
	}
	file, err := parser.ParseBytes(data, 0)
	var wrong yaml.Error
	switch {
	case errors.As(err, &wrong): // its own text shows a part of the file, which may hold a secret
		return nil, s.at(wrong.GetToken().Position.Line, errors.New(wrong.GetMessage()))
	case err != nil:
		return nil, fmt.Errorf("%s is not YAML", path)
	case len(file.Docs) > 1:
		return nil, fmt.Errorf("%s holds several documents, of which one is read", path)
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		return s, nil
	}
	ast.Walk(s.anchors, file.Docs[0].Body)
	for key, node := range s.mapping(file.Docs[0].Body, "the file") {
		if !strings.HasPrefix(key.name, "x-") {
			s.command(key, node)
		}
	}
	if err := s.wrong(); err != nil {
		return nil, err
	}
	return s, nil
}

// A key is one of a mapping.
type key struct {
	name string
	line int
}

// command reads the section of a command.
func (s *settings) command(of key, node ast.Node) {
	s.lines[of.name], s.commands[of.name] = of.line, map[string]setting{}
	if node = s.resolve(node); node.Type() == ast.NullType {
		return
	}
	for key, value := range s.mapping(node, of.name) {
		if v, ok := s.setting(value); ok {
			v.line = key.line
			s.commands[of.name][key.name] = v
		}
	}
}

// mapping gives the keys of a mapping in their order, first what it merges.
func (s *settings) mapping(node ast.Node, of string) iter.Seq2[key, ast.Node] {
	resolved := s.resolve(node)
	m, ok := resolved.(ast.MapNode)
	if !ok || s.merging[resolved] {
		s.complain(node, "%s must be a mapping, and not a part of itself", of)
		return func(func(key, ast.Node) bool) {}
	}
	return func(yield func(key, ast.Node) bool) {
		s.merging[resolved] = true
		defer delete(s.merging, resolved)
		var own [][2]ast.Node
		for it := m.MapRange(); it.Next(); {
			if !it.Key().IsMergeKey() {
				own = append(own, [2]ast.Node{it.Key(), it.Value()})
				continue
			}
			for key, value := range s.mapping(it.Value(), "what is merged") {
				if !yield(key, value) {
					return
				}
			}
		}
		for _, pair := range own {
			token := pair[0].GetToken()
			if !yield(key{token.Value, token.Position.Line}, pair[1]) {
				return
			}
		}
	}
}

// resolve follows anchors and aliases.
func (s *settings) resolve(node ast.Node) ast.Node {
	switch n := node.(type) {
	case *ast.AnchorNode:
		return n.Value
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if target, ok := s.anchors[name]; ok {
			return target
		}
		s.complain(node, "*%s is not known: there is no &%s", name, name)
		return ast.Null(n.GetToken())
	}
	return node
}

// setting reads what stands at the key of a flag; nothing, where the key has no value.
func (s *settings) setting(node ast.Node) (v setting, ok bool) {
	switch n := s.resolve(node).(type) {
	case *ast.NullNode:
		return v, false
	case *ast.SequenceNode:
		v.list = true
		for _, item := range n.Values {
			v.values = append(v.values, s.scalar(item))
		}
	case ast.MapNode:
		v.list, v.pairs = true, true
		for key, value := range s.mapping(node, "this") {
			v.values = append(v.values, key.name+": "+s.scalar(value))
		}
	default:
		v.values = []string{s.scalar(n)}
	}
	return v, true
}

// scalar is a value as text, numbers as they are written.
func (s *settings) scalar(node ast.Node) string {
	switch n := s.resolve(node).(type) {
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	s.complain(node, "a text, a number, true or false must stand here")
	return ""
}

func (s *settings) complain(node ast.Node, format string, args ...any) {
	s.problems = append(s.problems, problem{node.GetToken().Position.Line, fmt.Errorf(format, args...)})
}

// wrong is all that is wrong, in the order of the lines.
func (s *settings) wrong() error {
	slices.SortStableFunc(s.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for _, p := range s.problems {
		errs = append(errs, s.at(p.line, p.err))
	}
	return errors.Join(errs...)
}

// at is an error with its place.
func (s *settings) at(line int, err error) error { return fmt.Errorf("%s:%d: %w", s.path, line, err) }

// check reports everything in the file that is no flag, or has a value that its flag cannot have, and every secret.
func (s *settings) check(app *kong.Application) error {
	for name, values := range s.commands {
		i := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == name })
		if i < 0 {
			s.problems = append(s.problems, problem{s.lines[name], fmt.Errorf("there is no command %q", name)})
			continue
		}
		for key, v := range values {
			if err := v.check(key, name, app.Children[i].Flags); err != nil {
				s.problems = append(s.problems, problem{v.line, err})
			}
		}
	}
	return s.wrong()
}

func (v setting) check(key, command string, flags []*kong.Flag) error {
	i := slices.IndexFunc(flags, func(f *kong.Flag) bool { return f.Name == key })
	if i < 0 || key == "help" || flags[i].Tag.Has(tagSettings) {
		return fmt.Errorf("%s has no flag --%s", command, key)
	}
	if v.holdsSecret(flags[i]) {
		return fmt.Errorf("--%s holds a secret, which must not stand in a file: write ${NAME}, and the secret into the variable NAME of the environment", key)
	}
	value, err := v.valueFor(flags[i])
	if err != nil || slices.ContainsFunc(v.values, reference.MatchString) {
		return err
	}
	return parses(flags[i], value)
}

var (
	reference        = regexp.MustCompile(`\$?\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
	wholeReference   = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
	credentialHeader = regexp.MustCompile(`(?i)^[^:]*(auth|key|token|secret|cookie|password)[^:]*:`)
	passwordInURL    = regexp.MustCompile(`://[^/@\s:]*:[^/@\s$]+@`)
)

// holdsSecret reports whether a credential stands in the file itself.
func (v setting) holdsSecret(f *kong.Flag) bool {
	return slices.ContainsFunc(v.values, func(value string) bool {
		switch {
		case f.Tag.Has(tagSecret):
			return !wholeReference.MatchString(value)
		case f.Tag.Has(tagPairs) && credentialHeader.MatchString(value):
			return !strings.Contains(value, "${")
		}
		return passwordInURL.MatchString(value)
	})
}

// expand puts the environment's values in the place of ${NAME}; $${NAME} is ${NAME} itself.
func (v setting) expand() (setting, error) {
	var errs []error
	v.values = slices.Clone(v.values)
	for i := range v.values {
		v.values[i] = reference.ReplaceAllStringFunc(v.values[i], func(text string) string {
			if escaped, ok := strings.CutPrefix(text, "$$"); ok {
				return "$" + escaped
			}
			name := text[len("${") : len(text)-len("}")]
			value, ok := os.LookupEnv(name)
			if !ok {
				errs = append(errs, fmt.Errorf("$%s is not set in the environment", name))
			}
			return value
		})
	}
	return v, errors.Join(errs...)
}
