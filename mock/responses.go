package mock

import (
	"strconv"
)

// A response renders Responses: named, numbered events around a list of items, here at most one of reasoning and one
// message or function call.
type response struct {
	*answer
	streamed bool
	sequence int // number of the next event
	items    int // items opened

	item   EventKind // what the open item carries; KindOther = no item is open
	itemID string
	delta  string // the name of the events that carry its text
}

func newResponse(a *answer, streamed bool) *response { return &response{answer: a, streamed: streamed} }

// begin begins an event.
func (r *response) begin(b *batch, name string) {
	b.buf = append(b.buf, "event: "...)
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, "\ndata: {\"type\":\""...)
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, `","sequence_number":`...)
	b.buf = strconv.AppendInt(b.buf, int64(r.sequence), 10)
	r.sequence++
}

func (r *response) end(b *batch, kind EventKind, tokens int) {
	b.buf = append(b.buf, "}\n\n"...)
	b.end(kind, tokens)
}

// lifecycle appends an event that shows the whole response.
func (r *response) lifecycle(b *batch, name, status string, kind EventKind) {
	r.begin(b, name)
	b.buf = append(b.buf, `,"response":`...)
	b.buf = r.appendResponse(b.buf, status)
	r.end(b, kind, 0)
}

func (r *response) open(b *batch) {
	r.lifecycle(b, "response.created", "in_progress", KindOther)
	r.lifecycle(b, "response.in_progress", "in_progress", KindOther)
}

func (r *response) token(b *batch, st step) {
	if r.item != st.kind {
		r.closeItem(b)
		r.openItem(b, st.kind)
	}
	r.begin(b, r.delta)
	r.where(b)
	b.buf = append(b.buf, `,"delta":"`...)
	b.buf = r.appendPiece(b.buf, st)
	b.buf = append(b.buf, r.afterText()...)
	r.end(b, st.kind, st.to-st.from)
}

func (r *response) finish(b *batch) {
	r.closeItem(b)
	status := r.status()
	r.lifecycle(b, "response."+status, status, KindOther)
}

func (r *response) status() string {
	switch r.finishReason {
	case "length", "content_filter", "":
		return "incomplete"
	}
	return "completed"
}

func (r *response) malformed(b *batch) {
	r.begin(b, "response.output_text.delta")
	b.buf = append(b.buf, ",\"delta\":\"\n\n"...)
	b.end(KindError, 0)
}

func (r *response) fail(b *batch) {
	r.begin(b, "error")
	b.buf = append(b.buf, `,"code":"server_error","message":"`+faultMessage+`","param":null`...)
	r.end(b, KindError, 0)
}

func (r *response) failed(b *batch) { r.lifecycle(b, "response.failed", "failed", KindError) }

func (r *response) body(buf []byte) []byte { return r.appendResponse(buf, r.status()) }

func (r *response) failedBody(buf []byte) []byte { return r.appendResponse(buf, "failed") }

// eventStem is what the names of the events of an item's text begin with.
func eventStem(kind EventKind) string {
	switch kind {
	case KindReasoning:
		return "response.reasoning_text"
	case KindToolCall:
		return "response.function_call_arguments"
	case KindRefusal:
		return "response.refusal"
	}
	return "response.output_text"
}

// where appends the place of the open item's text.
func (r *response) where(b *batch) {
	b.buf = append(b.buf, `,"item_id":"`...)
	b.buf = append(b.buf, r.itemID...)
	b.buf = append(b.buf, `","output_index":`...)
	b.buf = strconv.AppendInt(b.buf, int64(r.items-1), 10)
	if r.item != KindToolCall {
		b.buf = append(b.buf, `,"content_index":0`...)
	}
}

// afterText is what stands after the text in an event of the open item.
func (r *response) afterText() string {
	if r.item == KindContent {
		return `","logprobs":[]`
	}
	return `"`
}

func (r *response) openItem(b *batch, kind EventKind) {
	r.items++
	r.item, r.itemID, r.delta = kind, r.idOf(kind), eventStem(kind)+".delta"
	r.itemEvent(b, "response.output_item.added", "in_progress")
	r.partEvent(b, "response.content_part.added", false)
}

func (r *response) closeItem(b *batch) {
	if r.item == KindOther {
		return
	}
	field := `,"text":"`
	switch r.item {
	case KindToolCall:
		field = `,"name":"` + toolName + `","arguments":"`
	case KindRefusal:
		field = `,"refusal":"`
	}
	r.begin(b, eventStem(r.item)+".done")
	r.where(b)
	b.buf = append(b.buf, field...)
	b.buf = r.appendTextOf(b.buf, r.item)
	b.buf = append(b.buf, r.afterText()...)
	r.end(b, KindOther, 0)
	r.partEvent(b, "response.content_part.done", true)
	status := "completed"
	if r.item != KindReasoning && r.status() == "incomplete" {
		status = "incomplete"
	}
	r.itemEvent(b, "response.output_item.done", status)
	r.item = KindOther
}

func (r *response) itemEvent(b *batch, name, status string) {
	r.begin(b, name)
	b.buf = append(b.buf, `,"output_index":`...)
	b.buf = strconv.AppendInt(b.buf, int64(r.items-1), 10)
	b.buf = append(b.buf, `,"item":`...)
	b.buf = r.appendItem(b.buf, r.item, status)
	r.end(b, KindOther, 0)
}

func (r *response) partEvent(b *batch, name string, text bool) {
	if r.item == KindToolCall {
		return // it has no parts
	}
	r.begin(b, name)
	r.where(b)
	b.buf = append(b.buf, `,"part":`...)
	b.buf = r.appendPart(b.buf, r.item, text)
	r.end(b, KindOther, 0)
}

func (r *response) idOf(kind EventKind) string {
	switch kind {
	case KindReasoning:
		return "rs_" + r.id
	case KindToolCall:
		return "fc_" + r.id
	}
	return "msg_" + r.id
}

// appendTextOf appends all text sent so far of an item.
func (r *response) appendTextOf(buf []byte, kind EventKind) []byte {
	if kind == KindReasoning {
		return r.appendReasoning(buf)
	}
	return r.appendContent(buf)
}

// appendItem appends an item, without its text while it is in progress.
func (r *response) appendItem(buf []byte, kind EventKind, status string) []byte {
	text := status != "in_progress"
	buf = append(buf, `{"id":"`+r.idOf(kind)+`","status":"`+status+`",`...)
	switch kind {
	case KindToolCall:
		buf = append(buf, `"type":"function_call","call_id":"call_`+r.id+`","name":"`+toolName+`","arguments":"`...)
		if text {
			buf = r.appendTextOf(buf, kind)
		}
		return append(buf, `"}`...)
	case KindReasoning:
		buf = append(buf, `"type":"reasoning","summary":[],"content":[`...)
	default:
		buf = append(buf, `"type":"message","role":"assistant","content":[`...)
	}
	if text {
		buf = r.appendPart(buf, kind, true)
	}
	return append(buf, `]}`...)
}

// appendPart appends the one part of an item, with its text or empty.
func (r *response) appendPart(buf []byte, kind EventKind, text bool) []byte {
	after := `"}`
	switch kind {
	case KindReasoning:
		buf = append(buf, `{"type":"reasoning_text","text":"`...)
	case KindRefusal:
		buf = append(buf, `{"type":"refusal","refusal":"`...)
	default:
		buf = append(buf, `{"type":"output_text","text":"`...)
		after = `","annotations":[],"logprobs":[]}`
	}
	if text {
		buf = r.appendTextOf(buf, kind)
	}
	return append(buf, after...)
}

// appendResponse appends the response object as it stands.
func (r *response) appendResponse(buf []byte, status string) []byte {
	buf = append(buf, `{"id":"`+r.id+`","object":"response","created_at":`...)
	buf = strconv.AppendInt(buf, r.created, 10)
	buf = append(buf, `,"status":"`+status+`","error":`...)
	if status == "failed" {
		buf = append(buf, `{"code":"server_error","message":"`+faultMessage+`"}`...)
	} else {
		buf = append(buf, `null`...)
	}
	buf = append(buf, `,"incomplete_details":`...)
	buf = append(buf, r.incompleteDetails(status)...)
	buf = append(buf, `,"instructions":null,"max_output_tokens":null,"model":`...)
	buf = append(buf, r.model...)
	buf = append(buf, `,"output":[`...)
	buf = r.appendOutput(buf, status)
	buf = append(buf, `],"parallel_tool_calls":true,"previous_response_id":null,"temperature":1,"tool_choice":"auto",`+
		`"tools":[],"top_p":1,"usage":`...)
	buf = r.appendUsage(buf, status)
	return append(buf, `,"metadata":{}}`...)
}

func (r *response) incompleteDetails(status string) string {
	switch {
	case status == "incomplete" && r.finishReason == "length":
		return `{"reason":"max_output_tokens"}`
	case status == "incomplete" && r.finishReason == "content_filter":
		return `{"reason":"content_filter"}`
	}
	return `null`
}

func (r *response) appendOutput(buf []byte, status string) []byte {
	if status == "in_progress" || status == "failed" {
		return buf
	}
	if r.reasoning > 0 && r.sent > 0 {
		buf = r.appendItem(buf, KindReasoning, "completed")
		if r.sent > r.reasoning {
			buf = append(buf, ',')
		}
	}
	if r.sent > r.reasoning {
		buf = r.appendItem(buf, r.kind, status)
	}
	return buf
}

// appendUsage appends the token counts if this is the object to carry them.
func (r *response) appendUsage(buf []byte, status string) []byte {
	mode, output := r.options.Usage, r.sent
	show := status != "in_progress"
	if r.streamed && mode == UsageFirst {
		show, output = r.sequence == 1, r.tokens // the event that was just begun is the first
	}
	if !show || mode == UsageAbsent {
		return append(buf, `null`...)
	}
	return r.counts(output).appendResponseUsage(buf)
}
