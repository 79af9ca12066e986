// Package report shows results: as a table for a terminal, as a page with figures. Every number comes from a result's
// statistics under its documented key, every figure from its responses: it computes no statistics of its own. It writes to an
// io.Writer and knows nothing of terminals.
package report
