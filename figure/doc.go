// Package figure draws: series, bars, distributions, heat maps, timelines, flame graphs, tables and key numbers, given as
// plain values, become one self-contained HTML page that opens from disk without a network, in a light and a dark theme,
// on a desk and on a telephone. The package figure/png draws the same figures as PNG and SVG.
//
// It knows values, units and how to show them. It knows nothing of runs, requests or models, computes no statistics but
// those that a drawing consists of (the bins of a histogram, the quartiles of a box), and reads no clock: equal pages are
// equal bytes. Every text is escaped: what a stranger wrote is shown as text whatever it says.
//
// Data of any size may be given. What the eye cannot tell apart is left out when the page is written, but never a minimum
// or a maximum, and the page says how much was left out.
package figure
