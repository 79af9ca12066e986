// Package store says where the files of a run live: on the local disk ([Local]), in memory ([Memory]), or wherever an
// implementation of [Store] puts them.
//
// It knows names and bytes. It knows nothing of runs, formats or clocks.
package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// A Store holds files under slash-separated paths. Parent folders come into being with the first file in them.
// Its methods may be called from several goroutines; one file has one writer at a time. Each honours ctx where it can
// take long.
//
// Package storetest checks an implementation.
type Store interface {
	// Create makes a file, or empties the one that is there, and opens it for writing. What was written is there for
	// readers at the latest after Close; a local file shows it at once, so that a killed program loses nothing that
	// it wrote.
	Create(ctx context.Context, path string) (io.WriteCloser, error)

	// WriteFile writes a whole file. Where the store can, readers see either what was there before or all of data.
	WriteFile(ctx context.Context, path string, data []byte) error

	// Open opens a file for reading. If there is none, the error matches fs.ErrNotExist.
	Open(ctx context.Context, path string) (io.ReadCloser, error)

	// List gives the names of what is directly in a folder, sorted; those of folders end in a slash. A folder that
	// does not exist holds nothing: stores without folders cannot tell the difference.
	List(ctx context.Context, folder string) ([]string, error)

	// Remove removes a file. It is no error if there is none.
	Remove(ctx context.Context, path string) error
}

// Join gives the path of what is called name in a folder: as path.Join does, but a folder of a scheme ("s3://bucket/runs") is left
// as it is, both of its slashes too. A folder "" is where paths begin, and a name "" the folder itself.
func Join(folder string, names ...string) string {
	if !strings.Contains(folder, "://") {
		return path.Join(append([]string{folder}, names...)...)
	}
	name := path.Join(names...)
	if name == "" || strings.HasSuffix(folder, "/") {
		return folder + strings.TrimPrefix(name, "/")
	}
	return folder + "/" + strings.TrimPrefix(name, "/")
}

// Exists reports whether there is a file at path.
func Exists(ctx context.Context, s Store, path string) (bool, error) {
	f, err := s.Open(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// ReadFile reads a whole file. If there is none, the error matches fs.ErrNotExist.
func ReadFile(ctx context.Context, s Store, path string) ([]byte, error) {
	f, err := s.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
