//go:build race

package main

// underRace reports whether the race detector is on, under which drawings take half a minute.
const underRace = true
