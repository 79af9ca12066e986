package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The JSON of OTLP. Ids are hexadecimal there; where a program used the JSON of protobuf they are base64.
type jsonExport struct {
	ResourceSpans []struct {
		ScopeSpans []jsonScope `json:"scopeSpans"`
		Older      []jsonScope `json:"instrumentationLibrarySpans"`
	} `json:"resourceSpans"`
}

type jsonScope struct {
	Scope struct {
		Name string `json:"name"`
	} `json:"scope"`
	Spans []json.RawMessage `json:"spans"`
}

type jsonSpan struct {
	TraceID      string         `json:"traceId"`
	SpanID       string         `json:"spanId"`
	ParentSpanID string         `json:"parentSpanId"`
	Name         string         `json:"name"`
	Start        jsonNumber     `json:"startTimeUnixNano"`
	End          jsonNumber     `json:"endTimeUnixNano"`
	Attributes   []jsonKeyValue `json:"attributes"`
	Events       []struct {
		Time       jsonNumber     `json:"timeUnixNano"`
		Name       string         `json:"name"`
		Attributes []jsonKeyValue `json:"attributes"`
	} `json:"events"`
	Status struct {
		Code    jsonStatus `json:"code"`
		Message string     `json:"message"`
	} `json:"status"`
}

type jsonKeyValue struct {
	Key   string    `json:"key"`
	Value jsonValue `json:"value"`
}

type jsonValue struct {
	String *string     `json:"stringValue"`
	Bool   *bool       `json:"boolValue"`
	Int    *jsonNumber `json:"intValue"`
	Double *float64    `json:"doubleValue"`
	Bytes  *string     `json:"bytesValue"`
	Array  *struct {
		Values []jsonValue `json:"values"`
	} `json:"arrayValue"`
	List *struct {
		Values []jsonKeyValue `json:"values"`
	} `json:"kvlistValue"`
}

// A jsonNumber is a 64-bit integer, which OTLP writes as a string and many programs as a number.
type jsonNumber uint64

func (n *jsonNumber) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		return nil
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = jsonNumber(v)
		return nil
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%.30s is no whole number", b)
	}
	*n = jsonNumber(v)
	return nil
}

// A jsonStatus is a status code by number or name.
type jsonStatus bool

func (s *jsonStatus) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	*s = text == "2" || text == "STATUS_CODE_ERROR" || text == "ERROR"
	return nil
}

func (s *jsonSpan) span(scope string) *span {
	out := &span{
		trace: hexID(s.TraceID, 16), id: hexID(s.SpanID, 8), parent: hexID(s.ParentSpanID, 8), name: s.Name, scope: scope,
		start: uint64(s.Start), end: uint64(s.End), attributes: jsonMap(s.Attributes),
	}
	for _, e := range s.Events {
		out.events = append(out.events, event{e.Name, uint64(e.Time), jsonMap(e.Attributes)})
	}
	if s.Status.Code {
		out.failed = orError(s.Status.Message)
	}
	return out
}

// noMessage stands for the message of an error that has none.
const noMessage = "error"

// orError is a message, or that there is none.
func orError(message string) string {
	if message == "" {
		return noMessage
	}
	return message
}

// hexID is an id of so many bytes in hexadecimal; "" if it is none.
func hexID(id string, size int) string {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != size {
		if b, err = base64.StdEncoding.DecodeString(id); err != nil || len(b) != size {
			return ""
		}
	}
	return bytesID(b)
}

// bytesID is an id in hexadecimal; "" if it is all zeros.
func bytesID(b []byte) string {
	id := hex.EncodeToString(b)
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

func jsonMap(list []jsonKeyValue) map[string]any {
	m := make(map[string]any, len(list))
	for _, kv := range list {
		m[kv.Key] = kv.Value.value()
	}
	return m
}

func (v *jsonValue) value() any {
	switch {
	case v.String != nil:
		return *v.String
	case v.Bool != nil:
		return *v.Bool
	case v.Int != nil:
		return int64(*v.Int)
	case v.Double != nil:
		return *v.Double
	case v.Bytes != nil:
		return *v.Bytes
	case v.List != nil:
		return jsonMap(v.List.Values)
	case v.Array != nil:
		list := make([]any, len(v.Array.Values))
		for i := range list {
			list[i] = v.Array.Values[i].value()
		}
		return list
	}
	return nil
}
