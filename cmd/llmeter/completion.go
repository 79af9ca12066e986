package main

import (
	_ "embed"
	"io"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// The scripts are templates over completedCommand.
var (
	//go:embed completion/bash.tmpl
	bashCompletion string
	//go:embed completion/zsh.tmpl
	zshCompletion string
	//go:embed completion/fish.tmpl
	fishCompletion string
)

// Run prints the script that completes this command in a shell.
func (c *completionCommand) Run(ctx *kong.Context, term *terminal) error {
	text := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	return complete(term.out, text, ctx.Model)
}

func complete(w io.Writer, text string, app *kong.Application) error {
	funcs := template.FuncMap{"join": strings.Join, "quote": singleQuoted, "zsh": zshText}
	return template.Must(template.New("").Funcs(funcs).Parse(text)).Execute(w, completions(app))
}

// A completedCommand is what there is to complete after the name of a command.
type completedCommand struct {
	Name, Help string
	Flags      []completedFlag
	Args       []string // what its argument may be
	Files      bool     // its arguments are files
}

// A completedFlag is a flag with what may stand after it.
type completedFlag struct {
	Name, Help string
	Switch     bool     // nothing does
	Values     []string // one of these
	Files      bool     // a file
}

// completions are those of all commands.
func completions(app *kong.Application) (all []completedCommand) {
	for _, node := range app.Children {
		c := completedCommand{Name: node.Name, Help: node.Help}
		for _, arg := range node.Positional {
			if arg.Enum != "" {
				c.Args = arg.EnumSlice()
			} else {
				c.Files = true
			}
		}
		flags := append([]*kong.Flag{app.HelpFlag}, node.Flags...)
		for _, f := range flags {
			if f == nil || f.Hidden {
				continue
			}
			c.Flags = append(c.Flags, completionOf(f))
			if f.Tag.Negatable != "" {
				c.Flags = append(c.Flags, completedFlag{Name: "no-" + f.Name, Help: "Not: " + f.Help, Switch: true})
			}
		}
		all = append(all, c)
	}
	return all
}

func completionOf(f *kong.Flag) completedFlag {
	c := completedFlag{Name: f.Name, Help: f.Help, Switch: f.IsBool()}
	switch f.PlaceHolder {
	case "FILE", "DIR", "PATH":
		c.Files = true
	}
	if f.Enum != "" {
		c.Values = f.EnumSlice()
	}
	return c
}

func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// zshText is text inside the brackets of a specification of _arguments, in single quotes.
func zshText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`, "'", `'\''`).Replace(text)
}
