// Package dynamo collects what a Prometheus server knows of an NVIDIA Dynamo deployment: how fast it answered, how much its caches saved,
// and how busy it was while a workflow ran.
//
// It knows the names of Dynamo's, SGLang's and the Thompson router's metrics, and Prometheus' HTTP API. It knows nothing of traces but when
// they began and ended. Set [Collect] as profiler.Runner.Dynamo.
//
// The metrics of NAT stand under its keys. What they are worth is another matter: an instant query tells of the present, which is
// not when the workflow ran; the mean of percentiles of short windows, which NAT takes instead, is no percentile; and of several series an
// instant query takes the first. Over the run itself [Run] has what was counted between its start and its end: from
// the difference of two readings of a histogram come the percentiles of all requests of that time, each with the bucket that holds it.
// Both count what other clients sent in the meantime; the number of requests tells how much that was.
package dynamo
