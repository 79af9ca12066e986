package tiktoken

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"sync"
)

//go:embed ranks/*.gz
var rankFiles embed.FS

// The rank files, each read once, when an encoding that needs it is first used. That is the only state of the package, and it
// never changes after. A damaged file panics: it is a part of the program, not of its input.
var (
	o200k  = sync.OnceValue(func() *vocabulary { return parse("o200k_base", rankFile("o200k_base")) })
	cl100k = sync.OnceValue(func() *vocabulary { return parse("cl100k_base", rankFile("cl100k_base")) })
	p50k   = sync.OnceValue(func() *vocabulary { return parse("p50k_base", rankFile("p50k_base")) })
	r50k   = sync.OnceValue(func() *vocabulary { return parse("r50k_base", firstLines(rankFile("p50k_base"), r50kTokens)) })
)

// A vocabulary is the ordinary tokens of an encoding. The number of a token is also its rank in merging, lowest first.
type vocabulary struct {
	ranks   map[string]uint32 // by the bytes of the token
	tokens  []string          // by rank; "" for a number that is no ordinary token
	longest int               // the length of the longest token, bytes
	mergers sync.Pool         // of *merger
}

// r50kTokens is how many ordinary tokens r50k_base has: the first ones of p50k_base, which adds only runs of spaces.
const r50kTokens = 50256

// parse makes the vocabulary of a rank file, whose lines are a token in base64, a space and its rank, in order of rank.
func parse(name string, file []byte) *vocabulary {
	var all []byte // the bytes of all tokens, so that they are one allocation
	ends := make([]int, 0, bytes.Count(file, []byte("\n")))
	for line := range bytes.Lines(file) {
		text, number, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		rank, err := strconv.Atoi(string(number))
		for err == nil && len(ends) < rank {
			ends = append(ends, len(all)) // a number left out
		}
		if err == nil {
			all, err = base64.StdEncoding.AppendDecode(all, text)
		}
		if err != nil || len(ends) != rank {
			panic(fmt.Sprintf("tiktoken: ranks of %s: bad line %q", name, line))
		}
		ends = append(ends, len(all))
	}
	v := &vocabulary{ranks: make(map[string]uint32, len(ends)), tokens: make([]string, len(ends))}
	text, start := string(all), 0
	for rank, end := range ends {
		if token := text[start:end]; token != "" {
			v.tokens[rank], v.ranks[token] = token, uint32(rank)
			v.longest = max(v.longest, len(token))
		}
		start = end
	}
	return v
}

// rankFile gives the text of an embedded file.
func rankFile(name string) []byte {
	data, err := rankFiles.ReadFile("ranks/" + name + ".tiktoken.gz")
	var text []byte
	if err == nil {
		var unpacked *gzip.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			text, err = io.ReadAll(unpacked)
		}
	}
	if err != nil {
		panic(fmt.Sprintf("tiktoken: ranks of %s: %v", name, err))
	}
	return text
}

// firstLines gives the first n lines of a text.
func firstLines(text []byte, n int) []byte {
	end := 0
	for range n {
		end += bytes.IndexByte(text[end:], '\n') + 1
	}
	return text[:end]
}

// merger gives a merger that nobody else uses; it goes back to v.mergers.
func (v *vocabulary) merger() *merger {
	if m, ok := v.mergers.Get().(*merger); ok {
		return m
	}
	return new(merger)
}

// encode appends the tokens of one piece of a text: the piece itself if it is a token, else what merging its bytes gives.
func (v *vocabulary) encode(tokens []int, piece string, m *merger) []int {
	if len(piece) <= v.longest {
		if rank, ok := v.ranks[piece]; ok {
			return append(tokens, int(rank))
		}
	}
	return m.encode(tokens, piece, v)
}
