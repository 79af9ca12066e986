//go:build !race

package experiments

// RaceSlowdown divides the repetitions of simulations: there is nothing to race in them, and the detector makes them many times
// slower.
const RaceSlowdown = 1
