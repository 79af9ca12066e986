//go:build !race

package openai

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// The race detector makes sync.Pool forget at random, so this holds without it.
func TestNoAllocationPerEvent(t *testing.T) {
	chat, response := newChatDecoder(), newResponseDecoder()
	size := 0
	emit := func(c *endpoint.Chunk) { size += len(c.Text) }
	for _, event := range [][]byte{chatEvent, toolEvent, usageEvent} {
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = chat.Event(nil, event, emit) }), "%s", event)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = response.Event(nil, responseEvent, emit) }))
	require.Positive(t, size)
}
