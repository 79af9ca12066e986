package tiktoken

import "strings"

// Merging never crosses the border of a piece: a word with the space before it, a number, a run of symbols, white space. The
// encodings define the pieces by regular expressions, which are quoted below. Here they are matched by hand, in a pass and a bit
// and without allocation; a general engine takes more than ten times as long. Each function gives the length in bytes of the
// first piece of a text that is not empty; no alternative of the expressions looks behind.

// splitGPT2 takes the first piece by
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func splitGPT2(s string) int {
	if n := contraction(s, false); n > 0 {
		return n
	}
	start := optionalSpace(s)
	kind, _ := classAt(s, start)
	if end := run(s, start, kind&(letter|number|symbol)); end > start {
		return end
	}
	return blank(s)
}

// splitCL100K takes the first piece by
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func splitCL100K(s string) int {
	if n := contraction(s, true); n > 0 {
		return n
	}
	start := prefix(s)
	if end := run(s, start, letter); end > start {
		return end
	}
	return rest(s, "\r\n")
}

// splitO200K takes the first piece by
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
func splitO200K(s string) int {
	start := prefix(s)
	end := capitalised(s, start)
	if end == start {
		// The first alternative has failed with its optional character. Without it, it can match only where that character is
		// a mark, and then no more than the mark; else the second is left, and what can follow its capitals was just not found.
		if first, _ := classAt(s, 0); start > 0 && first&lower != 0 {
			return start + contraction(s[start:], true)
		}
		end = run(s, start, upper)
	}
	if end == start {
		return rest(s, "\r\n/")
	}
	return end + contraction(s[end:], true)
}

// capitalised matches [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ at start and gives the end, or start if it does
// not match. The two sets overlap: where no lower case letter follows the longest run of the first, the match ends with the
// last character in that run that is in both.
func capitalised(s string, start int) int {
	end := start
	for i := start; ; {
		c, n := classAt(s, i)
		if c&upper == 0 {
			if c&lower != 0 {
				end = run(s, i, lower)
			}
			return end
		}
		i += n
		if c&lower != 0 {
			end = i
		}
	}
}

// rest takes the first piece by \p{N}{1,3}| ?[^\s\p{L}\p{N}]+[after]*|\s*[\r\n]+|\s+(?!\S)|\s+
func rest(s, after string) int {
	end := 0
	for range 3 {
		c, n := classAt(s, end)
		if c&number == 0 {
			break
		}
		end += n
	}
	if end > 0 {
		return end
	}
	start := optionalSpace(s)
	if end = run(s, start, symbol); end > start {
		for end < len(s) && strings.IndexByte(after, s[end]) >= 0 {
			end++
		}
		return end
	}
	if n := strings.LastIndexAny(s[:run(s, 0, space)], "\r\n"); n >= 0 {
		return n + 1
	}
	return blank(s)
}

// blank takes the first piece by \s+(?!\S)|\s+ from a text that begins with white space: all of it, except that the last
// character is left to the word that follows.
func blank(s string) int {
	end, last := 0, 0
	for {
		c, n := classAt(s, end)
		if c&space == 0 {
			break
		}
		end, last = end+n, n
	}
	if end < len(s) && end > last {
		end -= last
	}
	return end
}

// contraction matches '(s|t|re|ve|m|ll|d), of any case if fold is set.
func contraction(s string, fold bool) int {
	if s == "" || s[0] != '\'' {
		return 0
	}
	for _, c := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if len(s) >= len(c) && (s[:len(c)] == c || fold && strings.EqualFold(s[:len(c)], c)) {
			return len(c)
		}
	}
	if fold && strings.HasPrefix(s, "'ſ") { // the long s is an s to Unicode's case folding
		return len("'ſ")
	}
	return 0
}

// prefix matches [^\r\n\p{L}\p{N}]?
func prefix(s string) int {
	if c, n := classAt(s, 0); c&(newline|letter|number) == 0 {
		return n
	}
	return 0
}

// optionalSpace matches " ?".
func optionalSpace(s string) int {
	if s[0] == ' ' {
		return 1
	}
	return 0
}

// run gives the end of the longest run of characters at start that are of a kind.
func run(s string, start int, kind class) int {
	for {
		c, n := classAt(s, start)
		if c&kind == 0 {
			return start
		}
		start += n
	}
}
