package urgent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllAreAskedWhileTheyLast(t *testing.T) {
	var asked []int
	begin := func(i int, urgent bool) (end func()) {
		return While(func() bool { asked = append(asked, i); return urgent })
	}
	Yield() // nobody to ask
	endFirst, endSecond := begin(1, false), begin(2, true)
	endThird := begin(3, false)
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
