package result_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/result"
)

func lookupIn(values map[string]float64) func(string) (float64, bool) {
	return func(key string) (float64, bool) {
		v, ok := values[key]
		return v, ok
	}
}

func levels(v result.Verdict) (level string, metrics []string) {
	for _, r := range v.Reasons {
		metrics = append(metrics, r.Metric)
	}
	return v.Level, metrics
}

func TestALagThatSpoilsAGapDoesNotSpoilALongAnswer(t *testing.T) {
	h := result.Health{StampError: result.Lag{N: 1000, P50: 0.0001, P99: 0.001}}
	v := result.Judge(h, lookupIn(map[string]float64{
		"itl-p50": 0.005, "itl-p99": 0.005, "ttlt-p50": 20, "ttlt-p99": 20,
	}))
	level, metrics := levels(v)
	require.Equal(t, result.Degraded, level)
	require.Equal(t, []string{"itl-p99"}, metrics)
	require.Equal(t, result.Reason{Metric: "itl-p99", Error: 0.001, Unit: "s"}, bare(v.Reasons[0]))
	require.Equal(t, 0.001, v.Lag("itl-p99"))
	require.Zero(t, v.Lag("ttlt-p99"))
}

func bare(r result.Reason) result.Reason {
	return result.Reason{Metric: r.Metric, Error: r.Error, Unit: r.Unit}
}

func TestSendingLateSpoilsWhatCountsFromDispatch(t *testing.T) {
	h := result.Health{SendLag: result.Lag{N: 10, P50: 0.02, P99: 0.3}}
	values := map[string]float64{"ttft-p50": 0.1, "ttft-p99": 0.2, "itl-p50": 0.001, "itl-p99": 0.001}
	level, metrics := levels(result.Judge(h, lookupIn(values)))
	require.Equal(t, result.Invalid, level, "at p99 the client was later than the whole of what it measured")
	require.Equal(t, []string{"ttft-p99", "ttft-p50"}, metrics, "the worst first")
}

func TestAnErrorBelowWhatAStampCostsIsNoReason(t *testing.T) {
	h := result.Health{StampError: result.Lag{N: 10, P50: 20e-6, P99: 20e-6}}
	level, _ := levels(result.Judge(h, lookupIn(map[string]float64{"itl-p50": 1e-6, "itl-p99": 1e-6, "icl-p50": 0})))
	require.Equal(t, result.Trusted, level)
	h.StampError.P50 = 21e-6
	level, metrics := levels(result.Judge(h, lookupIn(map[string]float64{"icl-p50": 0})))
	require.Equal(t, result.Invalid, level)
	require.Equal(t, []string{"icl-p50"}, metrics)
}

func TestTheLoadMustBeWhatWasAskedFor(t *testing.T) {
	nothing := lookupIn(nil)
	for metric, h := range map[string]result.Health{
		"client_cpu": {CPUUsed: 1.95, CPUAvailable: 2},
		"in_flight":  {AskedInFlight: 1000, InFlight: 82},
		"schedule":   {Slots: 1000, LateSlots: 11},

		"descriptors": {Descriptors: 991, DescriptorLimit: 1024},
		"local_ports": {Ports: 28000, PortLimit: 28232},
	} {
		level, metrics := levels(result.Judge(h, nothing))
		require.Equal(t, result.Degraded, level)
		require.Equal(t, []string{metric}, metrics)
	}
	level, metrics := levels(result.Judge(result.Health{Little: 0.06}, nothing))
	require.Equal(t, result.Degraded, level)
	require.Equal(t, []string{"in_flight"}, metrics)
	level, _ = levels(result.Judge(result.Health{
		CPUUsed: 1.9, CPUAvailable: 2, AskedInFlight: 1000, InFlight: 900, Slots: 1000, LateSlots: 10, Little: 0.05,
		Descriptors: 95, DescriptorLimit: 100, Ports: 28000,
	}, nothing))
	require.Equal(t, result.Trusted, level, "each is at its limit, not beyond")
}
