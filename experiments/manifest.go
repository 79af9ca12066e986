package experiments

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/store"
)

// ErrOther is matched by the error of a folder that holds another experiment than the one that is to go there.
var ErrOther = errors.New("the folder holds another experiment")

// manifestFile says in an experiment's folder what it is.
const (
	manifestFile   = "experiment.json"
	manifestSchema = "llmeter.experiment/1"
)

// A manifest is what stands in experiment.json.
type manifest struct {
	Schema   string                     `json:"schema"`
	Kind     string                     `json:"kind"`
	Name     string                     `json:"name"`
	Settings map[string]json.RawMessage `json:"settings"`          // what must be the same to go on
	Details  json.RawMessage            `json:"details,omitempty"` // what readers need to know beyond that
}

// Kind says which kind of experiment a folder holds, such as "load test"; "" if it holds none of this module. st nil = the
// local disk.
func Kind(ctx context.Context, st store.Store, folder string) (string, error) {
	if st == nil {
		st = store.Local{}
	}
	m, err := readManifest(ctx, st, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return m.Kind, err
}

func readManifest(ctx context.Context, st store.Store, folder string) (m manifest, err error) {
	path := store.Join(folder, manifestFile)
	data, err := store.ReadFile(ctx, st, path)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	if m.Schema != manifestSchema {
		return m, fmt.Errorf("%s: schema %q is not %s", path, m.Schema, manifestSchema)
	}
	return m, nil
}

// claim writes experiment.json, or finds the one of the same experiment.
func (s *Series) claim(ctx context.Context) error {
	m, err := s.plan.manifest(s.name)
	if err != nil {
		return err
	}
	there, err := readManifest(ctx, s.store, s.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist), err != nil && s.plan.Runner.Overwrite:
	case err != nil:
		return err
	default:
		if differ := m.differences(there); differ != "" && !s.plan.Runner.Overwrite {
			return fmt.Errorf("%s: %w: %s", s.folder, ErrOther, differ)
		}
		s.resuming = true
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return s.store.WriteFile(ctx, store.Join(s.folder, manifestFile), append(data, '\n'))
}

func (p Plan) manifest(name string) (manifest, error) {
	m := manifest{Schema: manifestSchema, Kind: p.Kind, Name: name}
	if p.Details != nil {
		var err error
		if m.Details, err = json.Marshal(p.Details); err != nil {
			return m, err
		}
	}
	for _, part := range []any{settingsOf(p.Runner), p.Settings} {
		if part == nil {
			continue
		}
		data, err := json.Marshal(part)
		if err == nil {
			err = json.Unmarshal(data, &m.Settings)
		}
		if err != nil {
			return m, fmt.Errorf("settings of the %s: %w", p.Kind, err)
		}
	}
	return m, nil
}

// differences names what distinguishes two experiments, "" if nothing does.
func (m manifest) differences(o manifest) string {
	if m.Kind != o.Kind {
		return fmt.Sprintf("a %s, not a %s", o.Kind, m.Kind)
	}
	keys := maps.Clone(m.Settings)
	maps.Copy(keys, o.Settings)
	var differ []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !bytes.Equal(compact(m.Settings[key]), compact(o.Settings[key])) {
			differ = append(differ, key)
		}
	}
	if len(differ) == 0 {
		return ""
	}
	return "it was begun with other values of " + strings.Join(differ, ", ")
}

func compact(data json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return data
	}
	return b.Bytes()
}

// settingsOf is what all runs of an experiment have from its Runner, so far as it shapes their numbers.
func settingsOf(r llmeter.Runner) any {
	s := struct {
		Endpoint    string  `json:"endpoint,omitempty"`
		Model       string  `json:"model,omitempty"`
		Provider    string  `json:"provider,omitempty"`
		Payloads    string  `json:"payloads,omitempty"`
		Clients     int     `json:"clients,omitempty"`
		Requests    int     `json:"requests,omitempty"`
		Duration    string  `json:"duration,omitempty"`
		Arrivals    string  `json:"arrivals,omitempty"`
		ThinkTime   string  `json:"think_time,omitempty"`
		MaxInFlight int     `json:"max_in_flight,omitempty"`
		Timeout     float64 `json:"timeout,omitempty"` // seconds
		Tokenizer   string  `json:"tokenizer,omitempty"`
		Until       string  `json:"until,omitempty"`
		Seed        uint64  `json:"seed,omitempty"`
	}{
		Clients: r.Clients, Requests: r.Requests, MaxInFlight: r.MaxInFlight, Timeout: r.Timeout.Seconds(), Seed: r.Seed,
		Payloads: r.PayloadPath, Until: r.Until.String(),
	}
	if r.Endpoint != nil {
		info := r.Endpoint.Info()
		s.Endpoint, s.Model, s.Provider = info.Name, info.Model, info.Provider
	}
	if len(r.Payloads) > 0 {
		s.Payloads = digest(r.Payloads)
	}
	if r.Duration > 0 {
		s.Duration = r.Duration.String()
	}
	if r.Arrivals != nil {
		s.Arrivals = r.Arrivals.String()
	}
	if r.ThinkTime != nil {
		s.ThinkTime = r.ThinkTime.String()
	}
	if r.Tokenizer != nil {
		s.Tokenizer = fmt.Sprintf("%T", r.Tokenizer)
	}
	return s
}

// digest tells lists of payloads apart.
func digest(payloads []llmeter.Payload) string {
	h := sha256.New()
	for _, p := range payloads {
		h.Write(p.Body)
		h.Write([]byte{'\n'})
	}
	return fmt.Sprintf("%d, sha256 %s", len(payloads), hex.EncodeToString(h.Sum(nil)[:8]))
}

// A judgement is how a comparison or a soak tells what is a difference. It stands in experiment.json, so that who reads the folder
// comes to the same answer.
type judgement struct {
	Keys      []string `json:"keys,omitempty"`
	Level     float64  `json:"level,omitempty"`
	Tolerance float64  `json:"tolerance,omitempty"`
}

// orSaved is j, with that of the folder where j says nothing.
func (j judgement) orSaved(ctx context.Context, st store.Store, folder string) (judgement, error) {
	m, err := readManifest(ctx, storeOf(llmeter.Runner{Store: st}), folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && m.Details == nil {
		return j, nil
	}
	var saved judgement
	if err == nil {
		err = json.Unmarshal(m.Details, &saved)
	}
	if err != nil {
		return j, fmt.Errorf("%s: %w", store.Join(folder, manifestFile), err)
	}
	if j.Keys == nil {
		j.Keys = saved.Keys
	}
	j.Level, j.Tolerance = cmp.Or(j.Level, saved.Level), cmp.Or(j.Tolerance, saved.Tolerance)
	return j, nil
}
