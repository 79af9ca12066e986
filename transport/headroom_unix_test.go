//go:build unix

package transport

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThisSystemHasLimits(t *testing.T) {
	l := SystemLimits()
	require.Positive(t, l.Files)
	require.LessOrEqual(t, l.FilesOpen, l.Files)
}

func TestARangeOfPortsIsCounted(t *testing.T) {
	for text, want := range map[string]int{"32768\t60999\n": 28232, "1 1": 1, "": 0, "5": 0, "9 5": 0, "a b": 0} {
		require.Equal(t, want, portsIn(text), "%q", text)
	}
}
