package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// exampleSettings is what init writes.
//
//go:embed llmeter.yaml
var exampleSettings []byte

type initCommand struct {
	File string `arg:"" optional:"" default:"llmeter.yaml" help:"File to write."`
}

// Run writes a commented file for --config.
func (c *initCommand) Run(term *terminal) error {
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is not replaced", c.File)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(exampleSettings)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(term.out, "wrote %s; now: llmeter run --config %s --dry-run\n", c.File, c.File)
	return err
}
