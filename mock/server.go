package mock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fastjson"
)

// A Server is a model server and its memory of what it did. It is an http.Handler, safe for concurrent use. Close it if
// it was started, serves a listener or was dialed.
type Server struct {
	// URL is the root of the server, without a slash at its end: where Start listens, or a name without meaning for
	// clients in memory. The base URL for a client of OpenAI's APIs is URL + "/v1".
	URL string

	options Options
	slots   slots
	ledger  ledger
	parsers fastjson.ParserPool

	memory pipeListener
	http   *http.Server
	cancel context.CancelFunc

	mu      sync.Mutex // guards closed, and running.Add against running.Wait
	closed  bool
	running sync.WaitGroup // listeners and connections
}

// New returns a server that is not listening yet, or an error that names all that is wrong with the options.
func New(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.Faults, o.Models = slices.Clone(o.Faults), slices.Clone(o.Models)
	s := &Server{
		URL:     "http://mock",
		options: o,
		slots:   slots{limit: o.Slots},
		ledger:  ledger{limit: o.RecordLimit},
	}
	s.memory.conns, s.memory.done = make(chan net.Conn), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.http = &http.Server{
		Handler:     s,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   s.connState,
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	return s, nil
}

// Start returns a server that listens on o.Addr, with its URL set.
func Start(o Options) (*Server, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + reachable(l.Addr().(*net.TCPAddr))
	go s.Serve(l)
	return s, nil
}

// A listener on all addresses is reached through the loopback one.
func reachable(a *net.TCPAddr) string {
	if a.IP.IsUnspecified() {
		a = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: a.Port}
	}
	return a.String()
}

// Serve answers the connections of l until the server is closed, and then returns http.ErrServerClosed. It closes l.
// It may be called with several listeners, of any kind: tls.NewListener makes the server speak TLS.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.Join(http.ErrServerClosed, l.Close())
	}
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	return s.http.Serve(l)
}

// Close ends all listeners, connections and requests, and returns when nothing of the server runs any more. The records
// remain. It must not be called from a handler of the server.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.memory.Close()
	err := s.http.Close()
	s.running.Wait()
	return err
}

func (s *Server) connState(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.mu.Lock()
		s.running.Add(1) // not from zero while Close waits: the listener that accepted c still runs
		if s.closed {
			c.Close() // accepted so late that http.Server.Close did not see it
		}
		s.mu.Unlock()
	case http.StateClosed, http.StateHijacked:
		s.running.Done()
	}
}

// ServeHTTP implements http.Handler. It panics with http.ErrAbortHandler where a fault cuts the connection, and where the
// client has left or the server is closed before an answer is complete. Streams need a ResponseWriter that can flush.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	received := time.Now()
	if api := apiOf(r.URL.Path); api != "" && r.Method == http.MethodPost {
		s.serveModel(w, r, api, received)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /v1/models":
		s.serveModels(w, r)
	case "GET /health":
		io.WriteString(w, "OK\n")
	case "GET /mock/records":
		s.serveRecords(w)
	case "POST /mock/reset":
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	default:
		writeError(w, http.StatusNotFound, "Unknown request: "+r.Method+" "+r.URL.Path, "", "unknown_url")
	}
}

func (s *Server) authorized(r *http.Request) bool {
	return s.options.APIKey == "" || r.Header.Get("Authorization") == "Bearer "+s.options.APIKey
}

// models are the names that the server lists.
func (s *Server) models() []string {
	if len(s.options.Models) == 0 {
		return []string{"mock"}
	}
	return s.options.Models
}

func (s *Server) serveModels(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		writeUnauthorized(w)
		return
	}
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, name := range s.models() {
		list.Data = append(list.Data, model{ID: name, Object: "model", OwnedBy: "mock"})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

func (s *Server) serveRecords(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/jsonl")
	lines := json.NewEncoder(w)
	for _, e := range s.ledger.all() {
		if lines.Encode(e.snapshot()) != nil {
			return
		}
	}
}

// writeError sends an error in OpenAI's form.
func writeError(w http.ResponseWriter, status int, message, param, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(appendError(nil, status, message, param, code))
}

func writeUnauthorized(w http.ResponseWriter) {
	writeError(w, http.StatusUnauthorized, "Incorrect API key provided.", "", "invalid_api_key")
}
