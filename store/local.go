package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Local is the local disk. Relative paths count from the working directory. The zero value is ready.
type Local struct{}

var _ Store = Local{}

// Create makes or empties a file and the folders that lead to it.
func (Local) Create(ctx context.Context, path string) (io.WriteCloser, error) {
	name, err := local(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, err
	}
	return create(name)
}

// create returns a nil interface beside an error, which os.Create behind an interface would not.
func create(name string) (io.WriteCloser, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// WriteFile replaces a file by renaming a complete one to its name, and makes the folders that lead to it.
func (Local) WriteFile(ctx context.Context, path string, data []byte) error {
	name, err := local(ctx, path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return err
}

// Open opens a file for reading.
func (Local) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	name, err := local(ctx, path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// List gives the names in a folder, sorted; those of folders end in a slash.
func (Local) List(ctx context.Context, folder string) ([]string, error) {
	name, err := local(ctx, folder)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
		if e.IsDir() {
			names[i] += "/"
		}
	}
	return names, nil
}

// Remove removes a file, if there is one.
func (Local) Remove(ctx context.Context, path string) error {
	name, err := local(ctx, path)
	if err != nil {
		return err
	}
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// local gives the path in the form of the operating system. A URL is refused: as a path it would silently become a
// folder called "s3:".
func local(ctx context.Context, path string) (string, error) {
	scheme, _, ok := strings.Cut(path, ":/")
	if ok && len(scheme) > 1 && !strings.ContainsAny(scheme, "/.") { // C:/ is a disk
		return "", fmt.Errorf("%s is not on the local disk: it needs a Store for %s", path, scheme)
	}
	if path == "" {
		path = "."
	}
	return filepath.FromSlash(path), ctx.Err()
}
