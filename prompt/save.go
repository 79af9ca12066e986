package prompt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// SavePayloads writes the bodies of payloads to a file, one a line, and gives its path. A file that is there is
// overwritten. path is the file if its extension is .jsonl, .ndjson or .manifest, otherwise a folder, made if it is
// missing, that gets a payload.jsonl. Bodies are written byte for byte; only one with line breaks between its values is
// made compact. Labels and later turns are not saved. Nothing is written if any payload is not a JSON object.
func SavePayloads(path string, payloads []endpoint.Payload) (string, error) {
	var problems []error
	for i, p := range payloads {
		if err := p.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("payloads[%d]: %w", i, err))
		}
	}
	if problems != nil {
		return "", errors.Join(problems...)
	}
	file, err := saveTo(path)
	if err != nil {
		return "", err
	}
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	return file, errors.Join(writeLines(f, payloads), f.Close())
}

// saveTo gives the file that path stands for and makes its folder.
func saveTo(path string) (string, error) {
	info, err := os.Stat(path)
	isFolder := err == nil && info.IsDir()
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case isFolder:
	case slices.Contains(jsonLines, ext):
		return path, os.MkdirAll(filepath.Dir(path), 0o777)
	case ext == ".json":
		return "", fmt.Errorf("%s: payloads are saved as JSON Lines, in a file named .jsonl", path)
	}
	return filepath.Join(path, payloadFile), os.MkdirAll(path, 0o777)
}

func writeLines(f *os.File, payloads []endpoint.Payload) error {
	w := bufio.NewWriter(f)
	var compact bytes.Buffer
	for _, p := range payloads {
		body := bytes.TrimSpace(p.Body)
		if bytes.ContainsAny(body, "\r\n") {
			compact.Reset()
			if err := json.Compact(&compact, body); err != nil {
				return err
			}
			body = compact.Bytes()
		}
		_, _ = w.Write(body) // Flush gives the error
		_ = w.WriteByte('\n')
	}
	return w.Flush()
}
