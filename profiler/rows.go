package profiler

// A Row is one event in standardized form: what the analyses of NAT look at, and a line of standardized_data_all.csv.
type Row struct {
	EventType                                   EventType
	EventTimestamp                              float64 // seconds since the epoch
	ExampleNumber                               int     // of the request
	PromptTokens, CompletionTokens, TotalTokens int
	LLMTextInput                                string // of an LLM_START
	LLMTextOutput                               string // of an LLM_END
	LLMNewToken                                 string // of an LLM_NEW_TOKEN
	LLMName                                     string // of an LLM_START or LLM_END
	ToolName                                    string // of a TOOL_START or TOOL_END
	FunctionName, FunctionID                    string
	ParentFunctionName, ParentFunctionID        string
	UUID, Framework                             string
}

// Rows are the steps of the trace as rows, in their order.
func (t *Trace) Rows() []Row {
	rows := make([]Row, len(t.Steps))
	for i := range t.Steps {
		rows[i] = row(&t.Steps[i], t.Number)
	}
	return rows
}

func row(s *IntermediateStep, example int) Row {
	p, tokens := &s.Payload, s.Payload.Tokens()
	r := Row{
		EventType: p.EventType, EventTimestamp: p.EventTimestamp, ExampleNumber: example,
		PromptTokens: tokens.PromptTokens, CompletionTokens: tokens.CompletionTokens, TotalTokens: tokens.TotalTokens,
		FunctionName: s.FunctionAncestry.FunctionName, FunctionID: s.FunctionAncestry.FunctionID,
		ParentFunctionName: s.FunctionAncestry.ParentName, ParentFunctionID: s.FunctionAncestry.ParentID,
		UUID: p.UUID, Framework: p.Framework,
	}
	switch p.EventType {
	case LLMStart:
		r.LLMName, r.LLMTextInput = p.Name, p.Input()
	case LLMEnd:
		r.LLMName, r.LLMTextOutput = p.Name, p.Output()
	case LLMNewToken:
		r.LLMNewToken = p.Chunk()
	case ToolStart, ToolEnd:
		r.ToolName = p.Name
	}
	return r
}
