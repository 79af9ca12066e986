package bubble

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestABubbleIsKnownByItsTime(t *testing.T) {
	require.False(t, Inside())
	synctest.Test(t, func(t *testing.T) { require.True(t, Inside()) })
}
