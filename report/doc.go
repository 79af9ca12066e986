// Package report tells of results and experiments: in tables for a terminal or in Markdown, as CSV, JSON and Go's benchmark format,
// on a page with figures. Every number comes from a result's statistics under its documented key or from the experiment, every
// figure from responses: it computes no statistics of its own. It writes to an io.Writer, single figures to files of a folder, and
// knows nothing of terminals.
//
// [Run], [LoadTest] and so on make a [Report], [Load] makes one of a folder; its methods write the formats.
package report
