//go:build !linux && !darwin

package live

import "os"

// foreground reports whether this process has the terminal; here that is taken for granted.
func foreground(*os.File) bool { return true }

// readable reports whether keys can be read from where a run is shown; here that is not known.
func readable(*os.File) bool { return false }
