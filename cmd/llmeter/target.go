package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

// targetFlags say what is asked.
type targetFlags struct {
	URL      []string `name:"url" required:"" placeholder:"URL" sep:"none" help:"Base URL of the server, e.g. http://127.0.0.1:8000/v1. Given more than once, requests go to each in turn."`
	Model    string   `required:"" placeholder:"NAME" help:"Model to ask for."`
	apiFlags `embed:""`
}

// apiFlags say how it is asked.
type apiFlags struct {
	API    string   `name:"api" enum:"chat,completions,responses,embeddings" default:"chat" help:"Which API: chat, completions, responses or embeddings."`
	APIKey string   `name:"api-key" placeholder:"KEY" secret:"" help:"API key; better in $$OPENAI_API_KEY, where other users of the machine cannot see it."`
	Header []string `placeholder:"NAME: VALUE" sep:"none" pairs:"" help:"Header of every request (repeatable)."`
	Stream bool     `negatable:"" default:"true" help:"Ask for a stream, which is what TTFT needs."`
}

func (f *targetFlags) endpoint(client *http.Client) (endpoint.Endpoint, error) {
	header, err := headers(f.Header)
	cfg := &openai.Config{BaseURL: f.URL[0], Model: f.Model, APIKey: f.APIKey, Header: header, Client: client}
	switch {
	case f.API == "embeddings":
		return (*openai.EmbeddingsEndpoint)(cfg), err
	case f.API == "responses" && f.Stream:
		return (*openai.ResponseStreamEndpoint)(cfg), err
	case f.API == "responses":
		return (*openai.ResponseEndpoint)(cfg), err
	case f.API == "completions" && f.Stream:
		return (*openai.TextCompletionStreamEndpoint)(cfg), err
	case f.API == "completions":
		return (*openai.TextCompletionEndpoint)(cfg), err
	case f.Stream:
		return (*openai.CompletionStreamEndpoint)(cfg), err
	}
	return (*openai.CompletionEndpoint)(cfg), err
}

func headers(lines []string) (http.Header, error) {
	var errs []error
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			// Note: the line itself may hold a credential and is not shown.
			errs = append(errs, errors.New(`--header must be "NAME: VALUE"`))
			continue
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, errors.Join(errs...)
}

// transportFlags say how the server is reached.
type transportFlags struct {
	ConnectTimeout   time.Duration `name:"connect-timeout" default:"10s" help:"Longest time to connect."`
	FirstByteTimeout time.Duration `name:"first-byte-timeout" placeholder:"TIME" help:"Longest wait for the first byte of an answer."`
	IdleTimeout      time.Duration `name:"idle-timeout" placeholder:"TIME" help:"Longest pause in a stream."`
	HTTP2            bool          `name:"http2" help:"Speak HTTP/2 where the server does; over http:// it must."`
	KeepAlive        bool          `name:"keep-alive" negatable:"" default:"true" help:"Keep connections open between requests."`
	Balance          string        `enum:"round-robin,least-in-flight" default:"round-robin" help:"How requests are divided among several --url: round-robin or least-in-flight."`
	Proxy            string        `placeholder:"URL" help:"Proxy to go through, or env for the environment's; by default none."`
	UnixSocket       string        `name:"unix-socket" placeholder:"PATH" help:"Unix socket to connect to."`
	CACert           string        `name:"cacert" placeholder:"FILE" help:"Certificates to trust, in PEM, instead of the system's."`
	Cert             string        `placeholder:"FILE" help:"Client certificate in PEM; needs --key."`
	Key              string        `placeholder:"FILE" help:"Key of the client certificate in PEM."`
	Insecure         bool          `help:"Accept any certificate of the server."`
	UserClock        bool          `name:"user-clock" help:"Do without the kernel's receive times."`
}

func (f *transportFlags) client(urls []string) (*http.Client, error) {
	o := transport.Options{
		NoKeepAlive: !f.KeepAlive, Proxy: f.Proxy, UnixSocket: f.UnixSocket, ConnectTimeout: f.ConnectTimeout,
		FirstByteTimeout: f.FirstByteTimeout, IdleTimeout: f.IdleTimeout, Insecure: f.Insecure, UserClock: f.UserClock,
	}
	if len(urls) > 1 {
		o.URLs = urls
	}
	if f.Balance == "least-in-flight" {
		o.Balance = transport.LeastInFlight
	}
	if f.HTTP2 {
		o.Protocol = transport.HTTP2
		if strings.HasPrefix(urls[0], "http:") {
			o.Protocol = transport.H2C
		}
	}
	var errs []error
	for _, file := range []struct {
		flag, path string
		to         *[]byte
	}{{"--cacert", f.CACert, &o.RootPEM}, {"--cert", f.Cert, &o.CertPEM}, {"--key", f.Key, &o.KeyPEM}} {
		if file.path == "" {
			continue
		}
		data, err := os.ReadFile(file.path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file.flag, err))
		}
		*file.to = data
	}
	if len(errs) == 0 {
		errs = append(errs, f.checkPEM(o))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return transport.New(o)
}

// checkPEM says of certificates and keys that cannot be used which flag and file they came from, which package transport does not know.
func (f *transportFlags) checkPEM(o transport.Options) error {
	var errs []error
	if f.CACert != "" && !x509.NewCertPool().AppendCertsFromPEM(o.RootPEM) {
		errs = append(errs, fmt.Errorf("--cacert: %s holds no PEM certificate", f.CACert))
	}
	switch {
	case f.Cert == "" && f.Key == "":
	case f.Key == "":
		errs = append(errs, errors.New("--cert needs --key"))
	case f.Cert == "":
		errs = append(errs, errors.New("--key needs --cert"))
	default:
		if _, err := tls.X509KeyPair(o.CertPEM, o.KeyPEM); err != nil {
			errs = append(errs, fmt.Errorf("--cert %s, --key %s: %w", f.Cert, f.Key, err))
		}
	}
	return errors.Join(errs...)
}
