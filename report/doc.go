// Package report shows results: as a table for a terminal, more forms beside it. It computes nothing: every number comes
// from a result's statistics under its documented key. It writes to an io.Writer and knows nothing of terminals.
package report
