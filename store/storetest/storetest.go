// Package storetest checks implementations of store.Store. It knows what every store promises and nothing of any one.
package storetest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/llmeter-go/llmeter/store"
)

// Run checks the stores that newStore makes, each empty. Paths are put below root, which the store can write to: "" for
// one that is empty everywhere.
func Run(t *testing.T, newStore func(t *testing.T) (s store.Store, root string)) {
	for _, c := range []struct {
		name  string
		check func(t *suite)
	}{
		{"what is written can be read", written},
		{"create empties the file that was there", emptied},
		{"a whole file replaces the one that was there", replaced},
		{"a missing file is told as such", missing},
		{"a folder lists its names", listed},
		{"a folder that does not exist holds nothing", listedNothing},
		{"what is removed is gone", removed},
		{"a cancelled context ends every call", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, root := newStore(t)
			if root != "" {
				root = strings.TrimSuffix(root, "/") + "/"
			}
			c.check(&suite{t, s, root})
		})
	}
}

type suite struct {
	*testing.T
	store store.Store
	root  string
}

func (t *suite) must(err error, why string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", why, err)
	}
}

func (t *suite) create(path string, parts ...string) {
	t.Helper()
	w, err := t.store.Create(t.Context(), t.root+path)
	t.must(err, "Create makes the file and all folders above it")
	for _, p := range parts {
		n, err := w.Write([]byte(p))
		t.must(err, "Write")
		if n != len(p) {
			t.Fatalf("Write took %d of %d bytes without an error", n, len(p))
		}
	}
	t.must(w.Close(), "Close")
}

func (t *suite) holds(path, want string) {
	t.Helper()
	got, err := store.ReadFile(t.Context(), t.store, t.root+path)
	t.must(err, "a file that was written can be opened")
	if string(got) != want {
		t.Fatalf("%s holds %q, not %q that was written", path, got, want)
	}
}

func written(t *suite) {
	t.create("a/b/c.jsonl", "one\n", "", "two\n")
	t.holds("a/b/c.jsonl", "one\ntwo\n")
	t.holds("a/b/c.jsonl", "one\ntwo\n") // reading changes nothing
}

func emptied(t *suite) {
	t.create("f", "a long text")
	t.create("f", "short")
	t.holds("f", "short")
	t.create("f")
	t.holds("f", "")
}

func replaced(t *suite) {
	data := []byte("first, and longer")
	t.must(t.store.WriteFile(t.Context(), t.root+"x/y.json", data), "WriteFile makes the file and all folders above it")
	data[0] = 'F' // the caller's memory is its own again
	t.holds("x/y.json", "first, and longer")
	t.must(t.store.WriteFile(t.Context(), t.root+"x/y.json", []byte("second")), "WriteFile replaces")
	t.holds("x/y.json", "second")
	names, err := t.store.List(t.Context(), t.root+"x")
	t.must(err, "List")
	if !slices.Equal(names, []string{"y.json"}) {
		t.Fatalf("WriteFile left other files behind: %q", names)
	}
}

func missing(t *suite) {
	t.create("there")
	if _, err := t.store.Open(t.Context(), t.root+"not/there"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Open of a missing file gives %v, which does not match fs.ErrNotExist", err)
	}
	for path, want := range map[string]bool{"there": true, "not/there": false} {
		ok, err := store.Exists(t.Context(), t.store, t.root+path)
		t.must(err, "Exists")
		if ok != want {
			t.Fatalf("Exists(%q) = %v", path, ok)
		}
	}
}

func listed(t *suite) {
	for _, path := range []string{"run/b.json", "run/a.json", "run/deep/er/c.json", "runner/d.json"} {
		t.create(path, "x")
	}
	for _, folder := range []string{"run", "run/"} {
		names, err := t.store.List(t.Context(), t.root+folder)
		t.must(err, "List")
		if !slices.Equal(names, []string{"a.json", "b.json", "deep/"}) {
			t.Fatalf("List(%q) = %q: only what is directly in the folder, sorted, folders with a slash", folder, names)
		}
	}
}

func listedNothing(t *suite) {
	names, err := t.store.List(t.Context(), t.root+"no/such/folder")
	t.must(err, "List of a folder that does not exist is no error")
	if len(names) > 0 {
		t.Fatalf("List = %q", names)
	}
}

func removed(t *suite) {
	t.create("r/f", "x")
	t.must(t.store.Remove(t.Context(), t.root+"r/f"), "Remove")
	if ok, _ := store.Exists(t.Context(), t.store, t.root+"r/f"); ok {
		t.Fatal("the removed file is still there")
	}
	t.must(t.store.Remove(t.Context(), t.root+"r/f"), "Remove of a missing file is no error")
}

func cancelled(t *suite) {
	t.create("f", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, create := t.store.Create(ctx, t.root+"g")
	_, open := t.store.Open(ctx, t.root+"f")
	_, list := t.store.List(ctx, t.root+"r")
	for call, err := range map[string]error{
		"Create": create, "Open": open, "List": list,
		"WriteFile": t.store.WriteFile(ctx, t.root+"g", nil),
		"Remove":    t.store.Remove(ctx, t.root+"f"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context gives %v", call, err)
		}
	}
	t.holds("f", "x")
}
