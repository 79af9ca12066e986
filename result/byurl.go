package result

import (
	"cmp"
	"slices"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A Part is what one base URL brought to a run that was divided among several.
type Part struct {
	URL    string // as attempts name it
	Result *Result
}

// ByURL divides a Result by the base URL that each request's last attempt went to, in the order of the URLs. Statistics are
// recomputed as [Result.Filter] does, so rates are each URL's share of the whole run's. Requests that never reached the point of having a URL are in no
// part. It is empty where no response tells its URL, as those of LLMeter's folders do not.
func (r *Result) ByURL() []Part {
	seen := map[string]bool{}
	for response, err := range r.Responses() {
		if err != nil {
			break // Filter meets the error again and warns of it
		}
		if url := lastURL(response); url != "" {
			seen[url] = true
		}
	}
	var parts []Part
	for url := range seen {
		parts = append(parts, Part{url, r.Filter(func(r *endpoint.Response) bool { return lastURL(r) == url })})
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.URL, b.URL) })
	return parts
}

func lastURL(r *endpoint.Response) string {
	if n := len(r.Attempts); n > 0 {
		return r.Attempts[n-1].URL
	}
	return ""
}
