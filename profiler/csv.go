package profiler

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The columns of standardized_data_all.csv.
var (
	baseColumns = []string{
		"event_type", "event_timestamp", "example_number", "prompt_tokens", "completion_tokens", "total_tokens", "llm_text_input",
		"llm_text_output", "llm_new_token", "llm_name", "tool_name", "function_name", "function_id", "parent_function_name",
		"parent_function_id", "UUID", "framework",
	}
	novaColumns = []string{
		"NOVA-Event-ID", "NOVA-Requests-Remaining-In-Event", "NOVA-Time-To-Next-Event", "NOVA-Time-To-Event-End",
		"NOVA-Predicted-OSL", "NOVA-Time-To-Session-End",
	}
	textColumns = baseColumns[6:9]
)

// A CSVWriter writes rows as standardized_data_all.csv: UTF-8, numbers as Python prints them, an empty cell for what is absent.
type CSVWriter struct {
	NOVA          bool // append the NOVA columns
	ExcludeIOText bool // leave the columns llm_text_input, llm_text_output and llm_new_token out

	w       *csv.Writer
	record  []string
	started bool
}

// NewCSVWriter makes a writer whose fields may be set before the first Write. Nothing is complete before Close.
func NewCSVWriter(w io.Writer) *CSVWriter { return &CSVWriter{w: csv.NewWriter(w)} }

// Columns are the names of the columns.
func (c *CSVWriter) Columns() []string {
	columns := slices.Clone(baseColumns)
	if c.ExcludeIOText {
		columns = slices.DeleteFunc(columns, func(name string) bool { return slices.Contains(textColumns, name) })
	}
	if c.NOVA {
		columns = append(columns, novaColumns...)
	}
	return columns
}

// Write adds the rows of one request.
func (c *CSVWriter) Write(rows []Row) error {
	if err := c.start(); err != nil {
		return err
	}
	var nova []NOVA
	if c.NOVA {
		nova = NOVAColumns(rows)
	}
	for i := range rows {
		c.record = c.append(c.record[:0], &rows[i])
		if c.NOVA {
			c.record = nova[i].append(c.record)
		}
		if err := c.w.Write(c.record); err != nil {
			return err
		}
	}
	return nil
}

func (c *CSVWriter) append(cells []string, r *Row) []string {
	cells = append(cells, string(r.EventType), float(r.EventTimestamp), strconv.Itoa(r.ExampleNumber), strconv.Itoa(r.PromptTokens),
		strconv.Itoa(r.CompletionTokens), strconv.Itoa(r.TotalTokens))
	if !c.ExcludeIOText {
		cells = append(cells, r.LLMTextInput, r.LLMTextOutput, r.LLMNewToken)
	}
	return append(cells, r.LLMName, r.ToolName, r.FunctionName, r.FunctionID, r.ParentFunctionName, r.ParentFunctionID,
		r.UUID, r.Framework)
}

func (n *NOVA) append(cells []string) []string {
	osl := ""
	if n.PredictedOSL >= 0 {
		osl = float(float64(n.PredictedOSL))
	}
	return append(cells, n.EventID, float(float64(n.RequestsRemaining)), float(n.TimeToNextEvent), float(n.TimeToEventEnd), osl,
		float(n.TimeToSessionEnd))
}

// Close writes what is buffered, and the names of the columns if there were no rows. It does not close the writer below.
func (c *CSVWriter) Close() error {
	if err := c.start(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *CSVWriter) start() error {
	if c.started {
		return nil
	}
	c.started = true
	return c.w.Write(c.Columns())
}

// float prints the shortest decimal that reads back as v, as Python does: 1.0, 2700.000047683716, 1e-07.
func float(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if exponent := strings.IndexByte(s, 'e'); exponent >= 0 && v < 1e16 && v > -1e16 && (v >= 1e-4 || v <= -1e-4) {
		s = strconv.FormatFloat(v, 'f', -1, 64)
	}
	if !strings.ContainsAny(s, ".eN") {
		s += ".0"
	}
	return s
}
