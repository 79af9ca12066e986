package wire

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// IsSecret reports whether a header or parameter of this name is likely to hold a credential.
func IsSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "key", "token", "secret", "password", "passwd", "credential", "cookie", "signature", "session"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// SecretsIn gives the values of h that are likely to be credentials, each whole and without its scheme ("Bearer").
func SecretsIn(h http.Header) []string {
	var secrets []string
	for name, values := range h {
		if !IsSecret(name) {
			continue
		}
		for _, v := range values {
			secrets = append(secrets, v)
			if _, credential, ok := strings.Cut(v, " "); ok {
				secrets = append(secrets, credential)
			}
		}
	}
	return secrets
}

const (
	redacted  = "[redacted]"
	minSecret = 4 // bytes; what is shorter is a placeholder, and taking it out would leave nothing to read
)

// masked is what servers make of a key that they quote: a word with stars in it, whose ends are those of the key.
var masked = regexp.MustCompile(`[^\s"'<>()]*\*{3,}[^\s"'<>()]*`)

// redact gives e without the credentials of the request: servers quote them in what they answer.
func (x *exchange) redact(e *endpoint.Error) *endpoint.Error {
	clean := *e
	clean.Code = x.conceal(e.Code)
	clean.Message = Excerpt([]byte(x.conceal(e.Message)), endpoint.MaxMessage)
	if e.Err != nil {
		if text := e.Err.Error(); x.conceal(text) != text {
			clean.Err = errors.New(x.conceal(text))
		}
	}
	return &clean
}

func (x *exchange) conceal(s string) string {
	for _, secret := range x.Secrets {
		if len(secret) < minSecret {
			continue
		}
		s = strings.ReplaceAll(s, secret, redacted)
		if head, ok := strings.CutSuffix(s, ellipsis); ok { // the text may have been cut in the middle of the secret
			for n := len(secret) - 1; n >= minSecret; n-- {
				if h, ok := strings.CutSuffix(head, secret[:n]); ok {
					s = h + redacted + ellipsis
					break
				}
			}
		}
	}
	return masked.ReplaceAllString(s, redacted)
}
