package mock

// A completion renders Completions: text alone.
type completion struct{ chunks }

func newCompletion(a *answer) *completion { return &completion{newChunks(a, "text_completion")} }

func (c *completion) open(*batch) {}

func (c *completion) token(b *batch, st step) {
	b.buf = append(b.buf, c.head...)
	b.buf = append(b.buf, `{"index":0,"text":"`...)
	b.buf = c.appendPiece(b.buf, st)
	b.buf = append(b.buf, `","logprobs":null,"finish_reason":null}`...)
	c.end(b, st.kind, st.to-st.from)
}

func (c *completion) finish(b *batch) {
	b.buf = append(b.buf, c.head...)
	b.buf = c.appendChoice(b.buf, false)
	c.end(b, KindOther, 0)
	c.close(b)
}

func (c *completion) body(buf []byte) []byte {
	return c.appendBodyEnd(c.appendChoice(c.appendHead(buf, "text_completion"), true))
}

// appendChoice appends a choice with the finish reason, with all of the text or none.
func (c *completion) appendChoice(buf []byte, text bool) []byte {
	buf = append(buf, `{"index":0,"text":"`...)
	if text {
		buf = c.appendContent(buf)
	}
	buf = append(buf, `","logprobs":null,"finish_reason":`...)
	buf = appendNullable(buf, c.finishReason)
	return append(buf, '}')
}
