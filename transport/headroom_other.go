//go:build !unix

package transport

// SystemLimits returns no limits: they cannot be read on this system.
func SystemLimits() Limits { return Limits{} }
