package result_test

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

var folderFiles = []string{"responses.jsonl", "events.bin", "summary.json", "stats.json", "llmeter.json", "run_config.json"}

// FuzzLoad loads folders in which anything may be broken. What can be loaded can be saved and loaded again without a
// change.
func FuzzLoad(f *testing.F) {
	ours := new(store.Memory)
	newSynthetic(1, 30).save(f, ours, "run")
	for _, from := range []string{"ours", "stream-errors-4x6/run", "usage-details/stream", "legacy-0.1.12-cost-2x3/run", "interrupted-sigint/run", "later"} {
		var files [6][]byte
		for i, name := range folderFiles {
			if from == "ours" {
				files[i] = []byte(read(f, ours, name))
			} else {
				files[i], _ = os.ReadFile("testdata/llmeter/" + from + "/" + name)
			}
		}
		f.Add(files[0], files[1], files[2], files[3], files[4], files[5])
		f.Add(files[0][:len(files[0])*2/3], files[1][:len(files[1])*2/3], []byte{}, files[3], []byte{}, files[5])
		f.Add(files[0], []byte{}, files[2][:len(files[2])/2], files[3][:len(files[3])/2], files[4], []byte{})
	}
	f.Fuzz(func(t *testing.T, lines, events, summary, saved, own, config []byte) {
		st, ctx := new(store.Memory), context.Background()
		for i, data := range [][]byte{lines, events, summary, saved, own, config} {
			if len(data) > 0 {
				require.NoError(t, st.WriteFile(ctx, "run/"+folderFiles[i], data))
			}
		}
		res, err := result.Load(ctx, "run", result.LoadOptions{Store: st})
		if err != nil {
			require.ErrorIs(t, err, result.ErrNoRun)
			return
		}
		requirePlaces(t, res)
		data, err := res.MarshalJSON()
		if err != nil {
			return // a verdict or configuration of somebody's own
		}
		require.True(t, json.Valid(data))
		if res.Save(ctx, "again") != nil {
			return
		}
		again, err := result.Load(ctx, "again", result.LoadOptions{Store: st})
		require.NoError(t, err)
		res.OutputPath = "again"
		requireSameStats(t, res.Stats(), again.Stats())
	})
}

var placed = regexp.MustCompile(`^run/(responses\.jsonl(, line \d+ (is cut off|cannot)|: \d+ further)|events\.bin: byte \d+: |(summary|stats|llmeter|run_config)\.json.* cannot be read)`)

// requirePlaces checks that what could not be read is named by its file, and its place in it.
func requirePlaces(t *testing.T, res *result.Result) {
	for _, w := range res.Warnings {
		if w.Code == result.WarnUnreadable && len(w.Metric) == 0 && w.Text != "" && placedByUs(w.Text) {
			require.Regexp(t, placed, w.Text)
		}
	}
}

// placedByUs tells warnings of this load from those that stand in a llmeter.json.
func placedByUs(text string) bool { return len(text) > 4 && text[:4] == "run/" }
