//go:build unix && !race

package openai_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The race detector makes sync.Pool forget at random, so this holds without it.
func TestAllocationsDoNotGrowWithTheStream(t *testing.T) {
	short, long := cannedClient(t, 10), cannedClient(t, 1010)
	more := testing.AllocsPerRun(50, long) - testing.AllocsPerRun(50, short)
	require.LessOrEqual(t, more/1000, 0.01, "allocations per chunk")
}
