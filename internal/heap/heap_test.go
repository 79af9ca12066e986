package heap

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHeapHasItsRoomUntilHalfOfItIsAlive(t *testing.T) {
	require.Equal(t, 12700, percentFor(0))
	require.Equal(t, 12700, percentFor(1<<20))
	require.Equal(t, 6300, percentFor(8<<20))
	require.Equal(t, 700, percentFor(64<<20))
	require.Equal(t, 100, percentFor(Room/2))
	require.Equal(t, 100, percentFor(8<<30))
}
