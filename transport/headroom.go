package transport

import (
	"errors"
	"fmt"
	"math"
)

const (
	raiseFiles = "raise the limit of open files, as with ulimit -n, LimitNOFILE= or --ulimit nofile"
	raisePorts = "widen net.ipv4.ip_local_port_range, keep connections alive, or use several server addresses"

	spareFiles  = 64 // what a program has open beside its connections
	timeWaitSec = 60 // how long the kernel keeps the port of a connection that the client has closed
)

// Limits are what the system lets this process open. 0 means unknown, and is not checked.
type Limits struct {
	Files     int // file descriptors the process may have
	FilesOpen int // those it has
	Ports     int // local ports for outgoing connections, for each address of a server
}

// A Need is what a run will open.
type Need struct {
	Conns     int     // connections open at once
	Addresses int     // addresses of servers they go to; 0 means that no ports are needed, as with a Unix socket
	PerSecond float64 // connections opened per second during the run, if they are not kept alive
}

// A Shortage is a resource of which the system does not give enough.
type Shortage struct {
	Resource   string // "file descriptors" or "local ports"
	Need, Have int
	Raise      string // what to raise
}

// Error says how much is missing and what to raise.
func (s *Shortage) Error() string {
	return fmt.Sprintf("%d %s are needed and %d are left: %s", s.Need, s.Resource, s.Have, s.Raise)
}

// Headroom returns nil if l is enough for n, else the *Shortages joined.
func Headroom(l Limits, n Need) error {
	var errs []error
	if files, have := n.Conns+spareFiles, max(0, l.Files-l.FilesOpen); l.Files > 0 && files > have {
		errs = append(errs, &Shortage{"file descriptors", files, have, raiseFiles})
	}
	if l.Ports > 0 && n.Addresses > 0 {
		inUse := float64(n.Conns) + n.PerSecond*timeWaitSec
		if ports := int(math.Ceil(inUse / float64(n.Addresses))); ports > l.Ports {
			errs = append(errs, &Shortage{"local ports", ports, l.Ports, raisePorts})
		}
	}
	return errors.Join(errs...)
}
