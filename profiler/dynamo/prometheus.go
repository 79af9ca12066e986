package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A server is a Prometheus server.
type server struct {
	base   *url.URL
	client *http.Client
}

// errUnreachable is matched when no answer came: there is no use in asking further.
var errUnreachable = errors.New("no answer")

// A series is what a query found for one set of labels.
type series struct {
	Metric map[string]string `json:"metric"`
	Value  sample            `json:"value"`  // of an instant query
	Values []sample          `json:"values"` // of a range query
}

// A sample is a value; NaN if there is none.
type sample float64

// UnmarshalJSON reads [time, "value"].
func (s *sample) UnmarshalJSON(b []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(strings.Trim(string(pair[1]), `"`), 64)
	if err != nil {
		return fmt.Errorf("%.40s is no number", pair[1])
	}
	*s = sample(v)
	return nil
}

// instant asks for the value of an expression at a moment; the zero time is the server's present.
func (s *server) instant(ctx context.Context, promQL string, at time.Time) ([]series, error) {
	params := url.Values{"query": {promQL}}
	if !at.IsZero() {
		params.Set("time", seconds(at))
	}
	return s.get(ctx, "api/v1/query", params)
}

// between asks for the values of an expression every step from one moment to another.
func (s *server) between(ctx context.Context, promQL string, start, end time.Time, step time.Duration) ([]series, error) {
	return s.get(ctx, "api/v1/query_range", url.Values{
		"query": {promQL}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

// seconds since the epoch, to the millisecond, as Prometheus has them.
func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

// maxAnswer bounds how much of an answer is read.
const maxAnswer = 64 << 20

func (s *server) get(ctx context.Context, path string, params url.Values) ([]series, error) {
	u := s.base.JoinPath(path)
	u.RawQuery = params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var asked *url.Error // holds the address, which may hold a password
		if errors.As(err, &asked) {
			err = asked.Err
		}
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
		Data      struct {
			ResultType string   `json:"resultType"`
			Result     []series `json:"result"`
		} `json:"data"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer)
	switch {
	case answer.Error != "":
		return nil, fmt.Errorf("HTTP %d: %s: %.200s", resp.StatusCode, answer.ErrorType, answer.Error)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP %d", resp.StatusCode)
	case err != nil:
		return nil, fmt.Errorf("the answer is not Prometheus': %w", err)
	case answer.Status != "success":
		return nil, fmt.Errorf("the answer is not Prometheus': its status is %.40q", answer.Status)
	}
	return answer.Data.Result, nil
}

// first is the value of the first series, as NAT takes it; ok is false if there is none, or it is 0 or NaN.
func first(result []series) (v float64, ok bool) {
	if len(result) == 0 {
		return 0, false
	}
	v = float64(result[0].Value)
	return v, v != 0 && !math.IsNaN(v)
}

// meanOfPoints is the mean of all values that are neither 0 nor NaN, as NAT takes it.
func meanOfPoints(result []series) (v float64, ok bool) {
	sum, n := 0.0, 0
	for _, s := range result {
		for _, p := range s.Values {
			if p != 0 && !math.IsNaN(float64(p)) {
				sum += float64(p)
				n++
			}
		}
	}
	return sum / float64(n), n > 0
}
