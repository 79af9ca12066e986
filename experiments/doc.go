// Package experiments asks questions that take several runs: how an endpoint behaves under more and more load ([LoadTest]),
// how latency depends on the lengths of prompts and answers ([LatencyHeatmap]), how much load meets an objective
// ([Capacity]), whether one endpoint is slower than another ([Compare]), what any fields of a run change ([Sweep]), whether
// anything drifts over hours ([Soak]), and what this machine can measure ([Calibrate]).
//
// Each experiment is a plain value that holds a [llmeter.Runner], which says all that its runs have in common, and what it
// changes from run to run. Its Run method needs nothing of a Runner that a program outside of this module does not have too,
// so that an experiment of your own looks the same: see [Plan], and examples/harness.
//
// # Folders
//
// An experiment with an output folder gives each of its runs a folder of its own in it, beside the file experiment.json, which
// says what the experiment is. Started again with the same folder it goes on where it was interrupted: runs that are there
// and finished are loaded and not touched, all others are made. What must be the same for that stands in experiment.json; a
// folder that holds another experiment is refused ([ErrOther]), unless Runner.Overwrite says to begin anew.
//
// # Errors
//
// A Run method gives what it has beside an error, as a Runner does: the runs until then, and of an interrupted run what had
// finished. An experiment that cannot run says everything that is wrong with it at once, before anything is sent.
//
// The package knows experiments: which runs they need, and what follows from them. It knows nothing of how a run is made, of
// wire formats, or of how results are shown; it prints nothing and reads the clock only to name things and to measure the
// client itself.
package experiments
