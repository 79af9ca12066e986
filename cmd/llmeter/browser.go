package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
)

// open shows a file in the user's browser, and says where it is: that helps where there is no browser.
func open(ctx context.Context, t *terminal, path string) error {
	fmt.Fprintln(t.out, path)
	args := []string{"xdg-open", path}
	switch runtime.GOOS {
	case "darwin":
		args = []string{"open", path}
	case "windows":
		args = []string{"cmd", "/c", "start", "", path}
	}
	if err := exec.CommandContext(ctx, args[0], args[1:]...).Run(); err != nil {
		return fmt.Errorf("the page is written, but no browser opened it: %w", err)
	}
	return nil
}
