package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/transport"
)

func TestHeadroomSaysWhatToRaise(t *testing.T) {
	limits := transport.Limits{Files: 1024, FilesOpen: 10, Ports: 28232}
	for name, test := range map[string]struct {
		limits transport.Limits
		need   transport.Need
		want   []transport.Shortage
	}{
		"enough":         {limits, transport.Need{Conns: 950, Addresses: 1}, nil},
		"one file less":  {limits, transport.Need{Conns: 951, Addresses: 1}, []transport.Shortage{{Resource: "file descriptors", Need: 1015, Have: 1014}}},
		"all files gone": {transport.Limits{Files: 10, FilesOpen: 11}, transport.Need{}, []transport.Shortage{{Resource: "file descriptors", Need: 64, Have: 0}}},
		"ports": {transport.Limits{Files: 1 << 20, Ports: 28232}, transport.Need{Conns: 28233, Addresses: 1},
			[]transport.Shortage{{Resource: "local ports", Need: 28233, Have: 28232}}},
		"ports of two addresses": {transport.Limits{Ports: 28232}, transport.Need{Conns: 2 * 28232, Addresses: 2}, nil},
		"no ports needed":        {transport.Limits{Ports: 1}, transport.Need{Conns: 100}, nil},
		"ports in TIME_WAIT": {transport.Limits{Ports: 28232}, transport.Need{Conns: 100, Addresses: 1, PerSecond: 500},
			[]transport.Shortage{{Resource: "local ports", Need: 30100, Have: 28232}}},
		"unknown": {transport.Limits{}, transport.Need{Conns: 1 << 30, Addresses: 1}, nil},
		"both": {transport.Limits{Files: 100, Ports: 100}, transport.Need{Conns: 101, Addresses: 1},
			[]transport.Shortage{{Resource: "file descriptors", Need: 165, Have: 100}, {Resource: "local ports", Need: 101, Have: 100}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := transport.Headroom(test.limits, test.need)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			var got []transport.Shortage
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				s := *err.(*transport.Shortage)
				require.NotEmpty(t, s.Raise)
				s.Raise = ""
				got = append(got, s)
			}
			require.Equal(t, test.want, got)
		})
	}
	require.EqualError(t, transport.Headroom(limits, transport.Need{Conns: 2000}),
		"2064 file descriptors are needed and 1014 are left: raise the limit of open files, as with ulimit -n, LimitNOFILE= or --ulimit nofile")
}
