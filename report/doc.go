// Package report shows results: as a table for a terminal, as a page with figures. It computes no statistics: every number comes
// from a result's statistics under its documented key. It writes to an io.Writer and knows nothing of terminals.
package report
