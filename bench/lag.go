//go:build linux

package main

import "fmt"

// lag compares what a run says of its own lateness with the server's record, for a light client and a starved one.
func lag(b *bench) ([]table, error) {
	t := table{
		head: []string{"client", "lag", "n", "reported p50", "by the record", "ratio", "reported p99", "by the record", "ratio", "verdict"},
		note: "Times in ms. Open loop of 20 requests/s, 20 tokens each, 10 ms apart. The starved client has one processor and 4 goroutines that never rest. *read delay*: from the kernel's stamp until the " +
			"client had read, against from the server's write until then; *send lag*: from when a request was due until the client had written it, against until the server had read its head; *stamp error*: the bound that the run gives for its stamps, against what they were.",
	}
	s, err := b.startServer(streaming)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for _, client := range []struct {
		name string
		busy int
	}{{"light", 0}, {"starved", 4}} {
		c, err := call[comparison](b, b.cores.client, "stream", streamJob{
			URL: s.url, Folder: b.folder("lag"), Tokens: 20, Requests: pick(b, 400, 60), Rate: 20, Busy: client.busy,
		})
		if err != nil {
			return nil, err
		}
		for _, l := range []struct {
			name           string
			reported, true spread
		}{{"read delay", c.ReadDelay, c.TrueReadDelay}, {"send lag", c.SendLag, c.TrueSendLag}, {"stamp error", c.StampError, c.TrueStampError}} {
			t.add(client.name, l.name, fmt.Sprint(l.reported.N), ms(l.reported.P50), ms(l.true.P50), ratio(l.reported.P50, l.true.P50),
				ms(l.reported.P99), ms(l.true.P99), ratio(l.reported.P99, l.true.P99), c.Verdict)
		}
	}
	return []table{t}, nil
}

func ratio(a, b float64) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}
