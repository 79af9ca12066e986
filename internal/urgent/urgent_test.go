package urgent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSourcesAreAskedWhileTheyLast(t *testing.T) {
	var asked []int
	source := func(i int, urgent bool) *Source {
		return &Source{Urgent: func() bool { asked = append(asked, i); return urgent }}
	}
	Yield() // nobody to ask
	endFirst, endSecond := source(1, false).Begin(), source(2, true).Begin()
	endThird := source(3, false).Begin()
	Yield()
	require.Equal(t, []int{1, 2}, asked, "one that is urgent is enough")
	endSecond()
	Yield()
	require.Equal(t, []int{1, 2, 1, 3}, asked)
	endFirst()
	endThird()
	Yield()
	require.Len(t, asked, 4)
}
