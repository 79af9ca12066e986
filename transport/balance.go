package transport

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// targets are base URLs with the same service behind each.
type targets struct {
	balance Balance
	all     []*target

	mu   sync.Mutex // guards what follows, and the inFlight of each
	next int
}

// A target is one base URL.
type target struct {
	name     string
	url      *url.URL // its path ends without a slash
	inFlight int
}

// pick chooses the target of a request to u, and counts it as in flight until release.
// It returns nil if u does not begin with the first base URL.
func (t *targets) pick(u *url.URL) *target {
	if len(t.all) == 0 || !t.all[0].holds(u) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	chosen := t.next
	if t.balance == LeastInFlight {
		for k := range t.all {
			if i := (t.next + k) % len(t.all); t.all[i].inFlight < t.all[chosen].inFlight {
				chosen = i
			}
		}
	}
	t.next = (chosen + 1) % len(t.all)
	t.all[chosen].inFlight++
	return t.all[chosen]
}

// release ends the request that picked g.
func (t *targets) release(g *target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g.inFlight--
}

// holds reports whether u begins with the base URL of g.
func (g *target) holds(u *url.URL) bool {
	rest, ok := strings.CutPrefix(u.Path, g.url.Path)
	return ok && (rest == "" || rest[0] == '/') && u.Host == g.url.Host && u.Scheme == g.url.Scheme
}

// redirected is a request that was built with the base URL of from, as a request to g.
func (g *target) redirected(req *http.Request, from *target) *http.Request {
	if g == from {
		return req
	}
	req = req.WithContext(req.Context())
	u := *req.URL
	u.Scheme, u.Host = g.url.Scheme, g.url.Host
	u.Path = g.url.Path + strings.TrimPrefix(u.Path, from.url.Path)
	if u.RawPath != "" {
		u.RawPath = g.url.EscapedPath() + strings.TrimPrefix(u.RawPath, from.url.EscapedPath())
	}
	if req.Host == from.url.Host {
		req.Host = u.Host
	}
	req.URL = &u
	return req
}
