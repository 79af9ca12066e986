package store

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// Memory holds files in memory: for tests, and for programs that do not want a disk. The zero value is empty and ready.
// It must not be copied.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

var _ Store = (*Memory)(nil)

// Create makes or empties a file. What is written is there for readers at once.
func (m *Memory) Create(ctx context.Context, name string) (io.WriteCloser, error) {
	if err := m.WriteFile(ctx, name, nil); err != nil {
		return nil, err
	}
	return &memoryFile{m, path.Clean(name)}, nil
}

// WriteFile writes a whole file.
func (m *Memory) WriteFile(ctx context.Context, name string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string][]byte{}
	}
	m.files[path.Clean(name)] = bytes.Clone(data)
	return nil
}

// Open opens a file for reading: what it holds now.
func (m *Memory) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[path.Clean(name)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// List gives the names in a folder, sorted; those of folders end in a slash.
func (m *Memory) List(ctx context.Context, folder string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prefix := path.Clean(folder) + "/"
	switch prefix {
	case "./":
		prefix = ""
	case "//":
		prefix = "/"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]bool{}
	for file := range m.files {
		rest, ok := strings.CutPrefix(file, prefix)
		if !ok || prefix == "" && path.IsAbs(file) {
			continue
		}
		if name, _, deeper := strings.Cut(rest, "/"); deeper {
			names[name+"/"] = true
		} else {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// Remove removes a file, if there is one.
func (m *Memory) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, path.Clean(name))
	return nil
}

type memoryFile struct {
	m    *Memory
	name string
}

func (f *memoryFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	// Readers hold slices of their own length, so appending never shows in what they read.
	f.m.files[f.name] = append(f.m.files[f.name], p...)
	return len(p), nil
}

func (f *memoryFile) Close() error { return nil }
