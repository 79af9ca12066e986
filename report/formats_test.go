package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// A measurement is a line of Go's benchmark format, as https://go.dev/design/14313-benchmark-format describes it.
type measurement struct {
	name   string
	n      int
	values map[string]float64 // by unit
}

func measurements(t require.TestingT, text string) (all []measurement) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Benchmark") {
			require.Regexp(t, `^(# .*|Unit \S+ \S+=\S+)?\n$`, line)
			continue
		}
		fields := strings.Fields(line)
		require.GreaterOrEqual(t, len(fields), 4, line)
		require.Zero(t, len(fields)%2, line)
		first, _ := utf8.DecodeRuneInString(fields[0][len("Benchmark"):])
		require.True(t, unicode.IsUpper(first), line)
		m := measurement{name: fields[0], values: map[string]float64{}}
		var err error
		m.n, err = strconv.Atoi(fields[1])
		require.NoError(t, err, line)
		for i := 2; i < len(fields); i += 2 {
			require.NotContains(t, m.values, fields[i+1])
			m.values[fields[i+1]], err = strconv.ParseFloat(fields[i], 64)
			require.NoError(t, err, line)
		}
		all = append(all, m)
	}
	return all
}

func TestBenchmarksAreReadAsTheFormatSays(t *testing.T) {
	lines := map[string]int{"run": 1, "runs": 2, "failed": 1, "empty": 0, "loadtest": 4, "heatmap": 6, "capacity": 4, "comparison": 2, "sweep": 2, "soak": 10}
	for name, r := range reports() {
		require.Len(t, measurements(t, written(t, r, FormatBenchfmt)), lines[name], name)
	}
	m := measurements(t, written(t, Run(under("any name", 4, 400, 120*time.Millisecond, 3)), FormatBenchfmt))[0]
	require.Equal(t, "BenchmarkRun/model=llama-3.3/clients=4", m.name)
	require.Equal(t, 397, m.n)
	require.Equal(t, 144e6, m.values["p50-ttft-ns"])
	require.Equal(t, 3.0/400, m.values["failed/op"])
	require.InDelta(t, 397/18.0, m.values["req/s"], 1e-12)
}

func TestRunsOfOneLoadAreMeasurementsOfOneBenchmark(t *testing.T) {
	got := measurements(t, written(t, Run(under("a", 4, 40, 1e8, 0), under("b", 4, 40, 2e8, 0)), FormatBenchfmt))
	require.Equal(t, got[0].name, got[1].name)
	require.NotEqual(t, got[0].values, got[1].values)
}

func TestNamesOfBenchmarksAreOneWord(t *testing.T) {
	require.Equal(t, "Sweep/model=gpt-4-1", benchName("Sweep", "model", "gpt-4"))
	require.Equal(t, "Sweep/model=org_m/clients=4", benchName("Sweep", "model", "org/m", "clients", "4"))
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.String().Draw(t, "model")
		s := experiments.SweepResult{Axes: []string{rapid.String().Draw(t, "axis")}, Rows: []experiments.Row{
			{Labels: []string{rapid.String().Draw(t, "label")}, Result: under(model, 1, 3, 1e8, 0)},
			{Labels: []string{"x"}, Err: errors.New(rapid.String().Draw(t, "error"))},
		}}
		s.Rows[0].Result.ModelID = model
		var b strings.Builder
		require.NoError(t, Sweep(&s).Benchfmt(&b))
		got := measurements(t, b.String())
		require.Len(t, got, 1)
		require.Equal(t, 3, got[0].n)
	})
}

func TestCSVIsReadAsItWasMeant(t *testing.T) {
	for name, r := range reports() {
		rows, err := csv.NewReader(strings.NewReader(written(t, r, FormatCSV))).ReadAll() // which wants rows of one length
		require.NoError(t, err, name)
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(rows[0]))), len(rows[0]), "%s: a name twice", name)
	}
	s := aSweep()
	s.Rows[1].Labels[1], s.Rows[1].Err = "=1+1", errors.New("a \"quote\",\na break")
	rows, err := csv.NewReader(strings.NewReader(written(t, Sweep(s), FormatCSV))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"clients", "model", "verdict", "error"}, rows[0][:4])
	require.Equal(t, []string{"1", "=1+1", "", "a \"quote\",\na break"}, rows[2][:4])
	require.True(t, slices.IsSorted(rows[0][4:]))
	require.NotContains(t, rows[0][4:], "clients") // the axis has the name
	at := slices.Index(rows[0], "ttft-p50")
	require.Equal(t, []string{"0.1175", "", "", ""}, []string{rows[1][at], rows[2][at], rows[3][at], rows[4][at]})
}

func TestJSONNamesItsSchemaAndHasTheStatisticsOfEveryRun(t *testing.T) {
	schemas := map[string]string{
		"run": "llmeter.run/1", "failed": "llmeter.run/1", "empty": "llmeter.run/1", "runs": "llmeter.runs/1", "loadtest": schemaLoadTest, "heatmap": schemaHeatmap,
		"capacity": schemaCapacity, "comparison": schemaComparison, "sweep": schemaSweep, "soak": schemaSoak,
	}
	for name, r := range reports() {
		var got struct {
			Schema       string
			Stats        map[string]any
			Runs, A, B   []struct{ Stats map[string]any }
			Levels, Rows []struct {
				Run *struct{ Stats map[string]any }
			}
			Cells          []struct{ Stats map[string]any }
			Segments       []struct{ Stats map[string]any }
			Knee, Capacity struct{ Clients int }
			Hi             float64
		}
		require.NoError(t, json.Unmarshal([]byte(written(t, r, FormatJSON)), &got), name)
		require.Equal(t, schemas[name], got.Schema)
		var stats []map[string]any
		for _, list := range [][]struct{ Stats map[string]any }{{{got.Stats}}, got.Runs, got.A, got.B, got.Cells, got.Segments} {
			for _, v := range list {
				stats = append(stats, v.Stats)
			}
		}
		for _, level := range slices.Concat(got.Levels, got.Rows) {
			if level.Run != nil {
				stats = append(stats, level.Run.Stats)
			}
		}
		some := 0
		for _, st := range stats {
			if _, ok := st["ttft-p50"].(float64); ok {
				some++
			}
		}
		require.Equal(t, map[string]int{"run": 1, "runs": 2, "loadtest": 4, "heatmap": 7, "capacity": 3, "comparison": 2, "sweep": 1, "soak": 10}[name], some, name)
	}
}

func TestWhatIsInfiniteOrUnknownIsNullInJSON(t *testing.T) {
	c := aCapacity()
	c.Interval.Hi = c.Interval.Hi / 0
	text := written(t, Capacity(c), FormatJSON)
	require.Contains(t, text, `"lo": 8,
  "hi": null,`)
	require.Contains(t, written(t, Comparison(aComparison()), FormatJSON), `"adjusted_p": null`)
}

func TestMarkdownShowsTextsAsTheyAre(t *testing.T) {
	require.Equal(t, `a \| b &lt;script&gt; \*x\* \_y\_ snake_case \`+"`"+` &amp;amp; \[l\](u) c:\\d`, escaped("a | b <script> *x* _y_ snake_case ` &amp; [l](u) c:\\d"))
	require.Equal(t, "one line", escaped("one\nline"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		s := experiments.SweepResult{Name: text, Axes: []string{text}, Rows: []experiments.Row{{Labels: []string{text}, Err: errors.New(text)}}}
		var b strings.Builder
		require.NoError(t, Sweep(&s).Markdown(&b))
		require.NotRegexp(t, `[<>]`, b.String())
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "| ") {
				require.Equal(t, 3, strings.Count(strings.NewReplacer(`\\`, "", `\|`, "").Replace(line), "|"), line) // of the label and the verdict
			}
		}
	})
}

func TestTextFitsWhateverStrangersWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 200, -1).Draw(t, "text")
		res := under(text, 4, 5, 1e8, 2)
		res.ModelID, res.EndpointName = text, text
		for r, err := range res.Responses() {
			require.NoError(t, err)
			if r.Error != nil {
				r.Error.Message = text
			}
		}
		s := experiments.SweepResult{Name: text, Axes: []string{text, text + "2", text + "3"}, Rows: []experiments.Row{
			{Labels: []string{text, text, text}, Result: res}, {Labels: []string{text, text, text}, Err: errors.New(text)},
		}}
		for _, r := range []*Report{Run(res), Run(res, res), Sweep(&s)} {
			var b strings.Builder
			require.NoError(t, r.Text(&b))
			for line := range strings.Lines(b.String()) {
				require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), lineWidth, line)
				require.False(t, strings.ContainsFunc(strings.TrimRight(line, "\n"), unicode.IsControl), "%q", line)
			}
		}
	})
}

func TestRowsTooWideForALineGoOnInAnotherTable(t *testing.T) {
	s := sheet{keys: 1, columns: []column{leftColumn("load")}, rows: [][]figure.Cell{{textCell("1")}}}
	for range 12 {
		s.columns = append(s.columns, numberColumn("0123456789"))
		s.rows[0] = append(s.rows[0], textCell("5"))
	}
	var b strings.Builder
	require.NoError(t, document{s}.writeText(&b, false))
	require.Equal(t, 2, strings.Count(b.String(), "load"))
	require.Equal(t, 12, strings.Count(b.String(), "0123456789"))
}

func TestReportsOfNothingSaySo(t *testing.T) {
	for name, r := range map[string]*Report{
		"runs": Run(), "load test": LoadTest(&experiments.LoadTestResult{}), "heatmap": Heatmap(&experiments.HeatmapResult{}), "capacity": Capacity(&experiments.CapacityResult{}),
		"comparison": Comparison(&experiments.Comparison{}), "sweep": Sweep(&experiments.SweepResult{}), "soak": Soak(&experiments.SoakResult{}),
		"literal": Run(&result.Result{}),
	} {
		for format := range formats {
			require.NotEmpty(t, written(t, r, format), "%s as %s", name, format)
		}
	}
}
