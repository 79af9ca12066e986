package slo

import (
	"fmt"
	"slices"
	"strings"
)

// unknown says that a name is not among the known ones, which are near it, and what they all are.
func unknown(name string, known []string) string {
	msg := fmt.Sprintf("unknown name %q", name)
	if near := nearest(name, known); len(near) > 0 {
		msg += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return msg + "; known: " + list(known)
}

// nearest returns at most three of the known names, those that take the fewest changed letters, if these are few.
func nearest(name string, known []string) []string {
	least := max(2, len(name)/4)
	var near []string
	for _, k := range known {
		switch d := distance(name, k); {
		case d < least:
			least, near = d, []string{k}
		case d == least:
			near = append(near, k)
		}
	}
	return near[:min(len(near), 3)]
}

// distance is the number of letters to insert, delete or change to make b of a (Levenshtein), two swapped neighbours counted once.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(last[j+1]+1, row[j]+1)
			if a[i] == b[j] {
				row[j+1] = min(row[j+1], last[j])
			} else {
				row[j+1] = min(row[j+1], last[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// metricsOf returns the metrics of which the names have statistics, each once.
func metricsOf(names []string) []string {
	var metrics []string
	for _, name := range names {
		if metric, statistic := split(name); statistic != "" && !slices.Contains(metrics, metric) {
			metrics = append(metrics, metric)
		}
	}
	return metrics
}

// conditionsOf returns the metrics of single requests of which the names have statistics: those with percentiles.
func conditionsOf(names []string) []string {
	return slices.DeleteFunc(metricsOf(names), func(metric string) bool {
		return strings.HasPrefix(metric, steady) ||
			!slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, metric+"-p") })
	})
}

// list prints plain names, and metrics with their statistics, those that have the same together:
// "failed_requests, {ttft,tpot}-{mean,p99}".
func list(names []string) string {
	var groups []string
	statistics := map[string][]string{}
	for _, name := range names {
		if metric, statistic := split(name); statistic == "" {
			groups = append(groups, name)
		} else {
			statistics[metric] = append(statistics[metric], statistic)
		}
	}
	var order []string
	members := map[string][]string{} // by the statistics that they share
	for _, metric := range metricsOf(names) {
		shared := braced(statistics[metric])
		if members[shared] == nil {
			order = append(order, shared)
		}
		members[shared] = append(members[shared], metric)
	}
	for _, shared := range order {
		groups = append(groups, braced(members[shared])+"-"+shared)
	}
	return strings.Join(groups, ", ")
}

func braced(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "{" + strings.Join(words, ",") + "}"
}
