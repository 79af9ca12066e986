package result

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A lineParser reads lines of responses.jsonl, many times faster than [parseLine] those that look as programs write them, and by
// parseLine all others. Both say the same of every line. The responses share texts and payloads that come again and again.
type lineParser struct {
	scanner
	line    line
	facts   facts
	floats  [16]float64 // what line and facts point to; a line that is taken has at most 12
	used    int
	buffer  []byte // scratch
	strings pool[string]
	bodies  pool[json.RawMessage]
}

func (p *lineParser) parse(data []byte) (r *endpoint.Response, own bool, err error) {
	if !p.read(data) {
		return parseLine(data)
	}
	r, err = p.facts.response(&p.line, nil)
	return r, p.facts.annotationFound, err
}

// read fills line and facts. It reports false of a line that it does not take.
func (p *lineParser) read(data []byte) bool {
	p.scanner, p.line, p.facts, p.used = scanner{data: data}, line{}, facts{}, 0
	var seen uint32
	p.expect('{')
	for first := true; p.more('}', &first); {
		n := p.member(p.key())
		if n < 0 || seen&(1<<n) != 0 { // unknown, perhaps but for its case, or there twice
			return false
		}
		seen |= 1 << n
	}
	p.end()
	return !p.bad
}

// member reads the value of a key of the line, and gives its number among lineKeys, -1 if it is none of them.
func (p *lineParser) member(key []byte) int {
	l := &p.line
	switch string(key) {
	case "response_text":
		l.Text = p.text(false)
		return 0
	case "input_payload":
		l.Payload = p.body()
		return 1
	case "id":
		l.ID = p.text(false)
		return 2
	case "input_prompt":
		l.Prompt = p.text(true)
		return 3
	case "time_to_first_token":
		l.TTFT = p.optional()
		return 4
	case "time_to_first_content_token":
		l.TTFCT = offset{true, p.optional()}
		return 5
	case "time_to_last_token":
		l.TTLT = p.optional()
		return 6
	case "num_tokens_input":
		l.Input = p.optional()
		return 7
	case "num_tokens_output":
		l.Output = p.optional()
		return 8
	case "num_tokens_input_cached":
		l.Cached = p.optional()
		return 9
	case "num_tokens_output_reasoning":
		l.Reasoning = p.optional()
		return 10
	case "time_per_output_token":
		l.TPOT = p.optional()
		return 11
	case "error":
		l.Error = p.text(false)
		return 12
	case "retries":
		l.Retries = p.optional()
		return 13
	case "request_time":
		p.stamp()
		return 14
	case "annotations":
		p.annotations()
		return 15
	}
	return -1
}

// optional reads a number or null.
func (p *lineParser) optional() *float64 {
	if p.null() {
		return nil
	}
	v := &p.floats[p.used]
	p.used++
	*v = p.float()
	return v
}

// text reads a string or null. A common one is likely to come again.
func (p *lineParser) text(common bool) text {
	if p.null() {
		return text{present: true}
	}
	return text{p.string(common), true, true}
}

func (p *lineParser) string(common bool) string {
	raw, plain := p.quoted()
	if !common {
		return p.unquoted(raw, plain)
	}
	return p.strings.get(raw, func() string { return p.unquoted(raw, plain) })
}

func (p *lineParser) unquoted(raw []byte, plain bool) string {
	if plain && utf8.Valid(raw) {
		return string(raw)
	}
	p.buffer = unquote(p.buffer[:0], raw)
	return string(p.buffer)
}

// stamp reads the time of the request. The text is kept where it is none.
func (p *lineParser) stamp() {
	l := &p.line
	if l.RequestTime.present = true; p.null() {
		return
	}
	l.RequestTime.known = true
	raw, plain := p.quoted()
	if at, ok := parseStamp(string(raw)); ok && plain {
		l.At = at
	}
	if l.At.IsZero() {
		l.RequestTime.value = p.unquoted(raw, plain)
	}
}

// body reads the payload.
func (p *lineParser) body() json.RawMessage {
	raw := p.value()
	return p.bodies.get(raw, func() json.RawMessage { return append(json.RawMessage{}, raw...) })
}

// annotations reads an object, of which the annotation "llmeter" becomes facts.
func (p *lineParser) annotations() {
	if p.null() {
		return
	}
	p.expect('{')
	for first := true; p.more('}', &first); {
		key := p.key()
		if string(key) == factsKey && !p.facts.annotationFound {
			p.facts.annotationFound = true
			p.readFacts()
			continue
		}
		if !utf8.Valid(key) || string(key) == factsKey {
			p.fail()
			return
		}
		if p.line.Annotations == nil {
			p.line.Annotations = map[string]json.RawMessage{}
		}
		p.line.Annotations[string(key)] = p.value()
	}
}

func (p *lineParser) readFacts() {
	var seen uint32
	p.expect('{')
	for first := true; p.more('}', &first); {
		n := p.fact(p.key())
		if n < 0 || seen&(1<<n) != 0 {
			p.fail()
			return
		}
		seen |= 1 << n
	}
}

// fact reads the value of a key of the annotation "llmeter". It gives another number for each, -1 if it is none.
func (p *lineParser) fact(key []byte) int {
	f := &p.facts
	for i, name := range sourceKeys {
		if string(key) == name {
			*[...]*string{&f.InputBy, &f.OutputBy, &f.CachedBy, &f.ReasoningBy}[i] = p.string(true)
			return i
		}
	}
	switch string(key) {
	case "seq":
		f.Seq = p.int()
		return 4
	case "client":
		f.Client = p.int()
		return 5
	case "turn":
		f.Turn = p.int()
		return 6
	case "ttfct":
		f.TTFCT = offset{true, p.optional()}
		return 7
	case "intended":
		f.Intended = p.optional()
		return 8
	case "end":
		f.End = p.optional()
		return 9
	case "finish_reason":
		f.FinishReason = p.string(true)
		return 10
	case "error_kind":
		f.ErrorKind = p.string(true)
		return 11
	case "status":
		f.Status = p.int()
		return 12
	case "code":
		f.Code = p.string(true)
		return 13
	case "retry_after":
		f.RetryAfter = p.float()
		return 14
	case "reasoning":
		f.Reasoning = p.string(false)
		return 15
	case "refusal":
		f.Refusal = p.string(false)
		return 16
	}
	return p.rareFact(key)
}

// rareFact leaves the work to encoding/json.
func (p *lineParser) rareFact(key []byte) int {
	var to any
	n := 17
	switch string(key) {
	case "tool_calls":
		to = &p.facts.ToolCalls
	case "labels":
		to, n = &p.facts.Labels, 18
	default:
		return -1
	}
	if raw := p.value(); raw == nil || json.Unmarshal(raw, to) != nil {
		p.fail()
	}
	return n
}

// A pool holds values that were made of texts, for the next time that a text comes. When it has grown to its limit it begins
// anew, so that texts which all differ cost no more than that. The zero value is ready.
type pool[V any] struct {
	known map[string]V
	size  int
}

const poolLimit = 1 << 20 // bytes

func (p *pool[V]) get(of []byte, make func() V) V {
	if v, ok := p.known[string(of)]; ok {
		return v
	}
	v := make()
	if p.size += len(of); p.known == nil || p.size > poolLimit {
		p.known, p.size = map[string]V{}, len(of)
	}
	p.known[string(of)] = v
	return v
}
