package result

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/llmeter-go/llmeter/internal/jsontext"
	"github.com/llmeter-go/llmeter/store"
)

// Save writes the Result to a folder: to its own, OutputPath, if folder is "". In its own folder the responses that
// are there stay as they are. Another folder gets everything; it must not hold a run already ([ErrExists]).
func (r *Result) Save(ctx context.Context, folder string) error {
	folder = cmp.Or(folder, r.OutputPath)
	if folder == "" {
		return errors.New("save: neither OutputPath nor an argument names a folder")
	}
	if r.OutputPath == "" || path.Clean(folder) != path.Clean(r.OutputPath) {
		w, err := NewWriter(ctx, r.store(), folder, WriterOptions{})
		if err != nil {
			return err
		}
		return r.saveAll(ctx, w, errors.Join(r.copyFile(ctx, w, payloadFile), r.copyFile(ctx, w, configFile)))
	}
	there, err := store.Exists(ctx, r.store(), store.Join(folder, responsesFile))
	if err != nil {
		return err
	}
	if _, inMemory := r.held(); there || !inMemory {
		return saveSummary(ctx, r.store(), folder, r)
	}
	w, err := openWriter(ctx, r.store(), folder, WriterOptions{})
	if err != nil {
		return err
	}
	return r.saveAll(ctx, w, nil)
}

// saveAll lets w write the responses and the files that tell of the run as a whole; err is what went wrong before.
func (r *Result) saveAll(ctx context.Context, w *Writer, err error) error {
	start := r.StartTime
	if start.IsZero() {
		start = time.Unix(0, 0)
	}
	w.Start(start)
	for response, readErr := range r.Responses() {
		if readErr = errors.Join(readErr, ctx.Err()); readErr != nil {
			return errors.Join(err, readErr, w.Close(nil))
		}
		w.Add(response)
	}
	return errors.Join(err, w.Close(r))
}

// copyFile copies a file that only the run itself could write, if it is there.
func (r *Result) copyFile(ctx context.Context, w *Writer, name string) error {
	if r.OutputPath == "" {
		return nil
	}
	data, err := store.ReadFile(ctx, r.store(), store.Join(r.OutputPath, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.store.WriteFile(ctx, w.path(name), data)
}

// saveSummary writes the files that tell of a run as a whole.
func saveSummary(ctx context.Context, st store.Store, folder string, res *Result) error {
	r := *res
	r.OutputPath = folder
	all := r.Stats()
	var summary Stats
	r.addSummary(&summary)
	var errs []error
	for _, f := range []struct {
		name    string
		content any
	}{{summaryFile, summary}, {statsFile, all}, {ownFileName, r.ownFile(all)}} {
		name := store.Join(folder, f.name)
		data, err := jsontext.Encode(f.content, "    ")
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		} else {
			err = st.WriteFile(ctx, name, data)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
