package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile is the file of --config.
type configFile struct {
	Config string `settings:"" placeholder:"FILE" help:"YAML file with the flags of each command; llmeter init writes one. Flags and the environment go before it."`
}

// The tags of flags that this file reads: "settings" is the file of --config; those with the same value of "instead" take each other's place, as those of one xor
// group do; "unless" names the argument beside which the environment and the file do not count; "secret" is never written into
// a file; "pairs" takes a mapping of names to values.
const (
	tagSettings = "settings"
	tagInstead  = "instead"
	tagUnless   = "unless"
	tagSecret   = "secret"
	tagPairs    = "pairs"
)

// environment lets LLMETER_NAME set the flag --name of every command that has it, unless the flag has a variable of its own.
func environment(k *kong.Kong) error {
	for _, command := range k.Model.Children {
		for _, flag := range command.Flags {
			if flag.Name != "help" && len(flag.Envs) == 0 {
				flag.Envs = []string{envName(flag.Name)}
				flag.Value.Tag.Envs = flag.Envs
			}
		}
	}
	return nil
}

func envName(flag string) string {
	return "LLMETER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// helpOf is the help of a flag without its variable, which follows from its name.
func helpOf(v *kong.Value) string {
	if v.Flag != nil && slices.Equal(v.Tag.Envs, []string{envName(v.Name)}) {
		return v.Help
	}
	return kong.DefaultHelpValueFormatter(v)
}

// BeforeResolve reads the file of --config, and lets what goes before take the place of what comes after: a flag that of the
// environment, both that of the file, also where it is another flag of those that take each other's place.
func (c *commands) BeforeResolve(ctx *kong.Context) error {
	command := ctx.Selected()
	if command == nil {
		return nil
	}
	s := sources{given: map[*kong.Flag]bool{}, arguments: map[string]bool{}}
	for _, p := range ctx.Path {
		switch {
		case p.Flag != nil:
			s.given[p.Flag] = true
		case p.Positional != nil:
			s.arguments[p.Positional.Name] = true
		}
	}
	s.dropEnvironment(command.Flags)
	i := slices.IndexFunc(command.Flags, func(f *kong.Flag) bool { return f.Tag.Has(tagSettings) })
	if i < 0 {
		return nil
	}
	path, _ := ctx.FlagValue(command.Flags[i]).(string)
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	file, err := parseSettings(path, data)
	if err == nil {
		err = file.check(ctx.Model)
	}
	if err != nil {
		return err
	}
	s.file = file
	ctx.AddResolver(&s)
	return nil
}

// sources are where the values of a command's flags come from.
type sources struct {
	given     map[*kong.Flag]bool // on the command line
	arguments map[string]bool     // that are given
	file      *settings
}

func inEnvironment(f *kong.Flag) bool {
	return slices.ContainsFunc(f.Envs, func(name string) bool {
		_, set := os.LookupEnv(name)
		return set
	})
}

// dropEnvironment forgets what the environment says of flags in whose place another one is given.
func (s *sources) dropEnvironment(flags []*kong.Flag) {
	for _, f := range flags {
		if !s.given[f] && inEnvironment(f) && s.replaced(f, flags, func(o *kong.Flag) bool { return s.given[o] }) {
			f.Target.Set(reflect.Zero(f.Target.Type()))
			f.Set = false
		}
	}
}

// replaced reports whether another flag, or an argument, stands in the place of f.
func (s *sources) replaced(f *kong.Flag, flags []*kong.Flag, stands func(*kong.Flag) bool) bool {
	return f.Tag.Has(tagUnless) && s.arguments[f.Tag.Get(tagUnless)] || slices.ContainsFunc(flags, func(o *kong.Flag) bool {
		same := f.Tag.Has(tagInstead) && f.Tag.Get(tagInstead) == o.Tag.Get(tagInstead)
		xor := slices.ContainsFunc(f.Xor, func(group string) bool { return slices.Contains(o.Xor, group) })
		return o != f && (same || xor) && stands(o)
	})
}

// Validate has nothing to say: the file was checked when it was read.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve gives what the file says of a flag, nil if nothing.
func (s *sources) Resolve(_ *kong.Context, path *kong.Path, f *kong.Flag) (any, error) {
	if path.Command == nil || s.given[f] || inEnvironment(f) {
		return nil, nil
	}
	v, ok := s.file.commands[path.Command.Name][f.Name]
	first := func(o *kong.Flag) bool { return s.given[o] || inEnvironment(o) }
	if !ok || s.replaced(f, path.Command.Flags, first) {
		return nil, nil
	}
	expanded, err := v.expand()
	if err != nil {
		return nil, s.file.at(v.line, err)
	}
	value, err := expanded.valueFor(f)
	if err == nil {
		err = parses(f, value)
	}
	if err != nil {
		return nil, s.file.at(v.line, err)
	}
	return value, nil
}

// valueFor is the setting as kong takes it.
func (v setting) valueFor(f *kong.Flag) (any, error) {
	switch {
	case v.pairs && !f.Tag.Has(tagPairs):
		return nil, fmt.Errorf("--%s takes no mapping", f.Name)
	case v.list && !f.IsCumulative():
		return nil, fmt.Errorf("--%s takes one value, not several", f.Name)
	case !v.list:
		return v.values[0], nil
	case f.Tag.Sep != -1:
		return kong.JoinEscaped(v.values, f.Tag.Sep), nil
	}
	all := make([]any, len(v.values))
	for i, value := range v.values {
		all[i] = value
	}
	return all, nil
}

// parses reports why a flag cannot have a value.
func parses(f *kong.Flag, value any) error {
	if text, ok := value.(string); ok && f.Enum != "" && !slices.Contains(f.EnumSlice(), text) {
		return fmt.Errorf("--%s must be one of %s, not %q", f.Name, strings.Join(f.EnumSlice(), ", "), text)
	}
	if all, ok := value.([]any); ok {
		for _, one := range all {
			if err := parses(f, one); err != nil {
				return err
			}
		}
		return nil
	}
	set := f.Set
	defer func() { f.Set = set }()
	return f.Parse(kong.Scan().PushTyped(value, kong.FlagValueToken), reflect.New(f.Target.Type()).Elem())
}
