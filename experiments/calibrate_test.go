package experiments

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/transport"
)

// judged is a measurement that takes a second and gives the verdict of each level.
func judged(verdicts map[int]string) measurement {
	return func(ctx context.Context, streams int) (*llmeter.Result, []mock.Record, error) {
		select {
		case <-time.After(time.Second):
			return &llmeter.Result{Verdict: result.Verdict{Level: verdicts[streams]}, Clock: "kernel"}, nil, nil
		case <-ctx.Done():
			return &llmeter.Result{Verdict: result.Verdict{Level: result.Trusted}}, nil, ctx.Err()
		}
	}
}

func climb(t *testing.T, c Calibrate, verdicts map[int]string) *Calibration {
	c.setDefaults()
	cal, err := c.climb(t.Context(), judged(verdicts))
	require.NoError(t, err)
	return cal
}

func TestCalibrationStopsAtTheSecondLevelInARowThatIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cal := climb(t, Calibrate{Within: time.Minute}, map[int]string{
			10: result.Trusted, 20: result.Degraded, 50: result.Trusted, 100: result.Degraded, 200: result.Invalid, 500: result.Trusted,
		})
		require.Len(t, cal.Levels, 5)
		require.Equal(t, EndedUntrusted, cal.Ended)
		require.Equal(t, "kernel", cal.Clock)
		require.Equal(t, 5*time.Second, cal.Took)
		highest, ok := cal.Highest()
		require.True(t, ok)
		require.Equal(t, 50, highest.Streams)
	})
}

func TestCalibrationBeginsNoLevelThatMayBeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts := map[int]string{1: result.Trusted, 2: result.Trusted, 3: result.Trusted}
		cal := climb(t, Calibrate{Streams: []int{1, 2, 3, 4, 5}, Within: 4500 * time.Millisecond}, verdicts)
		require.Len(t, cal.Levels, 3) // a fourth could take two seconds, and 1.5 are left
		require.Equal(t, EndedTime, cal.Ended)
		require.Equal(t, 3*time.Second, cal.Took)
	})
}

func TestALevelThatIsNotThroughInTimeIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cal := climb(t, Calibrate{Streams: []int{1}, Within: 500 * time.Millisecond}, nil)
		require.Len(t, cal.Levels, 1)
		require.Equal(t, result.Invalid, cal.Levels[0].Verdict)
		require.Equal(t, 500*time.Millisecond, cal.Took)
		_, ok := cal.Highest()
		require.False(t, ok)
	})
}

func TestACancelledCalibrationGivesTheLevelsUntilThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		time.AfterFunc(1500*time.Millisecond, func() { cancel(why) })
		c := Calibrate{}
		c.setDefaults()
		cal, err := c.climb(ctx, judged(map[int]string{10: result.Trusted}))
		require.ErrorIs(t, err, why)
		require.Len(t, cal.Levels, 1)
	})
}

func TestALevelIsComparedWithTheServersRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Calibrate{Streams: []int{3, 7}, Gap: 20 * time.Millisecond, Events: 11, Within: time.Minute}
		c.setDefaults()
		server, err := mock.New(c.server())
		require.NoError(t, err)
		defer server.Close()
		client, err := transport.New(transport.Options{DialContext: server.DialContext})
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		cal, err := c.climb(t.Context(), func(ctx context.Context, streams int) (*llmeter.Result, []mock.Record, error) {
			return c.stream(ctx, server, client, streams)
		})
		require.NoError(t, err)
		require.Len(t, cal.Levels, 2)
		for i, l := range cal.Levels {
			require.Equal(t, c.Streams[i], l.Streams)
			require.InDelta(t, float64(l.Streams)*50, l.EventsPerSecond, 1e-9)
			require.Equal(t, result.Lag{N: uint64(l.Streams * calibrationAnswers * c.Events)}, l.StampError) // the very instant of the write
		}
		require.Equal(t, "user", cal.Clock)
	})
}

func TestCalibrateSaysAllThatIsWrongWithIt(t *testing.T) {
	_, err := Calibrate{Streams: []int{5, 0}, Events: 1, Gap: -1}.Run(t.Context())
	require.ErrorContains(t, err, "Streams: 0")
	require.ErrorContains(t, err, "Events: 1")
	require.ErrorContains(t, err, "Gap")
}

func TestCalibrateMeasuresThisMachine(t *testing.T) {
	var asked []int
	cal, err := Calibrate{
		Streams: []int{2, 4}, Events: 5, Progress: func(streams int) { asked = append(asked, streams) },
	}.Run(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, cal.Levels)
	require.Equal(t, []int{2, 4}[:len(cal.Levels)], asked)
	l := cal.Levels[0]
	require.EqualValues(t, 2*calibrationAnswers*5, l.StampError.N)
	require.Positive(t, l.EventsPerSecond)
	require.Positive(t, l.StampError.Max)
	require.Positive(t, cal.CPUAvailable)
}
