package mock

// A chat renders Chat Completions.
type chat struct {
	chunks
	told bool // the role has been sent
}

func newChat(a *answer) *chat { return &chat{chunks: newChunks(a, "chat.completion.chunk")} }

const (
	deltaOpen  = `{"index":0,"delta":{`
	deltaClose = `},"logprobs":null,"finish_reason":null}`
)

func (c *chat) open(b *batch) {
	if !c.options.RoleFirst {
		return
	}
	c.begin(b)
	b.buf = append(b.buf, `"content":""`...)
	c.finishDelta(b, KindOther, 0)
}

// begin opens a delta, with the role if it is the first.
func (c *chat) begin(b *batch) {
	b.buf = append(b.buf, c.head...)
	b.buf = append(b.buf, deltaOpen...)
	if !c.told {
		c.told = true
		b.buf = append(b.buf, `"role":"assistant",`...)
	}
}

func (c *chat) finishDelta(b *batch, kind EventKind, tokens int) {
	b.buf = append(b.buf, deltaClose...)
	c.end(b, kind, tokens)
}

func (c *chat) token(b *batch, st step) {
	if st.kind == KindToolCall && c.begins(st) {
		c.begin(b)
		b.buf = append(b.buf, `"content":null,"tool_calls":[{"index":0,"id":"call_`+c.id+
			`","type":"function","function":{"name":"`+toolName+`","arguments":""}}]`...)
		c.finishDelta(b, KindOther, 0)
	}
	c.begin(b)
	before, after := c.quotes(st.kind)
	b.buf = append(b.buf, before...)
	b.buf = c.appendPiece(b.buf, st)
	b.buf = append(b.buf, after...)
	c.finishDelta(b, st.kind, st.to-st.from)
}

// quotes are what stands before and after the text in a delta.
func (c *chat) quotes(kind EventKind) (before, after string) {
	switch kind {
	case KindReasoning:
		if c.options.ReasoningField == "reasoning" {
			return `"reasoning":"`, `"`
		}
		return `"reasoning_content":"`, `"`
	case KindToolCall:
		return `"tool_calls":[{"index":0,"function":{"arguments":"`, `"}}]`
	case KindRefusal:
		return `"refusal":"`, `"`
	}
	return `"content":"`, `"`
}

func (c *chat) finish(b *batch) {
	b.buf = append(b.buf, c.head...)
	b.buf = append(b.buf, `{"index":0,"delta":{},"logprobs":null,"finish_reason":`...)
	b.buf = appendNullable(b.buf, c.finishReason)
	b.buf = append(b.buf, '}')
	c.end(b, KindOther, 0)
	c.close(b)
}

func (c *chat) body(buf []byte) []byte {
	buf = c.appendHead(buf, "chat.completion")
	buf = append(buf, `{"index":0,"message":{"role":"assistant","content":`...)
	if c.kind == KindContent {
		buf = append(buf, '"')
		buf = c.appendContent(buf)
		buf = append(buf, '"')
	} else {
		buf = append(buf, `null`...)
	}
	if c.reasoning > 0 {
		before, after := c.quotes(KindReasoning)
		buf = append(buf, `,`+before...)
		buf = c.appendReasoning(buf)
		buf = append(buf, after...)
	}
	if c.kind == KindToolCall {
		buf = append(buf, `,"tool_calls":[{"id":"call_`+c.id+`","type":"function","function":{"name":"`+toolName+
			`","arguments":"`...)
		buf = c.appendContent(buf)
		buf = append(buf, `"}}]`...)
	}
	buf = append(buf, `,"refusal":`...)
	if c.kind == KindRefusal {
		buf = append(buf, '"')
		buf = c.appendContent(buf)
		buf = append(buf, '"')
	} else {
		buf = append(buf, `null`...)
	}
	buf = append(buf, `},"logprobs":null,"finish_reason":`...)
	buf = appendNullable(buf, c.finishReason)
	buf = append(buf, '}')
	return c.appendBodyEnd(buf)
}
