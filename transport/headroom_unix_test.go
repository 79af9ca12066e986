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
