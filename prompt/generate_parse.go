package prompt

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// parseAnswer finds the prompts in what a model answered.
func parseAnswer(answer string) []string {
	if _, after, ok := strings.Cut(answer, "</think>"); ok {
		answer = after
	}
	answer = strings.ReplaceAll(answer, "\r\n", "\n")
	found := jsonPrompts(answer)
	if found == nil {
		found = listPrompts(answer)
	}
	var prompts []string
	for _, text := range found {
		if text = bare(text); text != "" {
			prompts = append(prompts, text)
		}
	}
	return prompts
}

// jsonPrompts are the prompts of the JSON that begins on a line of its own, behind a code fence or not; nil if there are none. An array
// that is cut off holds what is complete.
func jsonPrompts(answer string) (prompts []string) {
	rest := answer
	for rest != "" && prompts == nil {
		line := strings.TrimLeft(rest, " \t")
		if strings.HasPrefix(line, "[") || strings.HasPrefix(line, "{") {
			prompts = decodePrompts(line)
		}
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return prompts
}

// decodePrompts reads an array element by element, or objects one after the other.
func decodePrompts(text string) (prompts []string) {
	d := json.NewDecoder(strings.NewReader(text))
	if text[0] == '[' {
		_, _ = d.Token()
	}
	for d.More() {
		var v any
		if d.Decode(&v) != nil {
			break
		}
		prompts = append(prompts, promptsIn(v)...)
	}
	return prompts
}

// promptsIn are the prompts in a JSON value: a text, an object that holds one or a list of them, a list.
func promptsIn(v any) (prompts []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			prompts = append(prompts, promptsIn(item)...)
		}
	case map[string]any:
		for _, key := range []string{"prompt", "text", "question", "content"} {
			if text, ok := v[key].(string); ok {
				return []string{text}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch item := v[key].(type) {
			case []any, map[string]any:
				prompts = append(prompts, promptsIn(item)...)
			case string:
				if len(v) == 1 || strings.HasPrefix(strings.ToLower(key), "prompt") {
					prompts = append(prompts, item)
				}
			}
		}
	}
	return prompts
}

// marker is what begins an item of a list.
var marker = regexp.MustCompile(`^(\s*)(?:\*\*)?(?:[-*•–]|\(?\d{1,4}[.):]|(?i:prompt)\s*#?\d{0,4}\s*[.):])(?:\*\*)?\s+`)

// listPrompts are the items of a list. Lines that follow an item belong to it up to a blank line, and so do the items of a list within.
// Without any list each line is a prompt, but for one that ends with a colon.
func listPrompts(answer string) []string {
	var items, lines []string
	indent, open := -1, false
	for line := range strings.Lines(answer) {
		line = strings.TrimRight(line, " \t\n")
		m := marker.FindStringSubmatch(line + " ")
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			open = false
		case m != nil && (indent < 0 || len(m[1]) <= indent):
			indent, open = len(m[1]), true
			items = append(items, strings.TrimSpace(strings.TrimPrefix(line+" ", m[0])))
		case line == "":
			open = false
		case open:
			items[len(items)-1] += "\n" + strings.TrimSpace(line)
		case !strings.HasSuffix(line, ":"):
			lines = append(lines, line)
		}
	}
	if items != nil {
		return items
	}
	return lines
}

// bare is a text without the quotes and the emphasis around it.
func bare(text string) string {
	text = strings.TrimSpace(text)
	for _, pair := range [][2]string{{"**", "**"}, {`"`, `"`}, {"“", "”"}, {"«", "»"}, {"`", "`"}, {"'", "'"}} {
		inner, ok := strings.CutPrefix(text, pair[0])
		if inner, end := strings.CutSuffix(inner, pair[1]); ok && end && !strings.Contains(inner, pair[0]) {
			text = strings.TrimSpace(inner)
		}
	}
	return text
}
