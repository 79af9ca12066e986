// Program bench measures how good an instrument llmeter is on this machine, and writes what it finds into the tables of
// docs/accuracy.md. It needs Linux and stays on the loopback interface.
//
//	bench/run.sh                     # everything, about 20 minutes
//	bench/run.sh -short              # everything, about two minutes: to see that it works
//	bench/run.sh -part pacing,cpu    # some parts alone
//	bench/run.sh -doc docs/accuracy.md
//
// The server is a process of its own, with a record of what it sent when; where there are two processors, it has one and
// the client has the other. Everything is compared per event: the server's write against the client's stamp. Both are
// taken from the wall clock of the machine plus differences of its monotonic clock, and a run in which the wall clock was
// set is an error.
//
// It knows the parts of the measurement and how to show them; it measures nothing but this module and, beside it, the
// least that could do the same work: a net/http client that counts lines, and a thread that spins until it is time to write
// to a socket.
package main
