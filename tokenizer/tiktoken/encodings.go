package tiktoken

import "fmt"

// encodings are all there are. Two names on one rank file share its vocabulary: they differ in their special tokens alone.
var encodings = []Encoding{
	{"o200k_base", 200018, o200k, splitO200K, named{199999: "<|endoftext|>", 200018: "<|endofprompt|>"}.text},
	{"o200k_harmony", 201087, o200k, splitO200K, harmonySpecial},
	{"cl100k_base", 100276, cl100k, splitCL100K, named{
		100257: "<|endoftext|>", 100258: "<|fim_prefix|>", 100259: "<|fim_middle|>", 100260: "<|fim_suffix|>",
		100276: "<|endofprompt|>",
	}.text},
	{"p50k_base", 50280, p50k, splitGPT2, named{50256: "<|endoftext|>"}.text},
	{"p50k_edit", 50283, p50k, splitGPT2, named{
		50256: "<|endoftext|>", 50281: "<|fim_prefix|>", 50282: "<|fim_middle|>", 50283: "<|fim_suffix|>",
	}.text},
	{"r50k_base", 50256, r50k, splitGPT2, named{50256: "<|endoftext|>"}.text},
}

// named holds special tokens by their number.
type named map[int]string

func (n named) text(token int) (string, bool) {
	s, ok := n[token]
	return s, ok
}

// harmony names the special tokens of the response format of gpt-oss.
var harmony = named{
	199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>", 200005: "<|channel|>",
	200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>", 200012: "<|call|>", 200018: "<|endofprompt|>",
}

// harmonySpecial gives the text of a named token or of one of the reserved ones between and after them.
func harmonySpecial(token int) (string, bool) {
	if s, ok := harmony[token]; ok {
		return s, true
	}
	if token < 200000 || 201087 < token {
		return "", false
	}
	return fmt.Sprintf("<|reserved_%d|>", token), true
}
