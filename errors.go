package llmeter

import "errors"

var (
	// ErrStop is returned by a hook to end the run cleanly, as [Run.Stop] does: nothing new is sent, what is in
	// flight finishes, and the run reports no error.
	ErrStop = errors.New("stop the run")

	// ErrUnreachable is matched by the error of a run in which no request ever got a connection.
	ErrUnreachable = errors.New("the endpoint cannot be reached")
)
