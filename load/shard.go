package load

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// Shard is the stripe of a that falls to one of world machines: requests rank, rank+world, rank+2·world, … of the schedule.
// With the same seed everywhere, the stripes of all ranks together are exactly a, each request once, at its own offset.
// Ranks count from 0.
func Shard(a Arrivals, rank, world int) Arrivals {
	return Stripe{Of: a, Rank: rank, World: world}
}

// A Stripe is every Worldth request of a schedule; Shard makes one.
type Stripe struct {
	Of    Arrivals // required
	Rank  int      // 0 ≤ Rank < World
	World int      // required, at least 1
}

// Offsets yields the stripe's offsets under the seed of the whole schedule.
func (s Stripe) Offsets(seed uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if s.Validate() != nil {
			return
		}
		skip := s.Rank
		for at := range s.Of.Offsets(seed) {
			if skip > 0 {
				skip--
				continue
			}
			if !yield(at) {
				return
			}
			skip = s.World - 1
		}
	}
}

// Validate reports all problems at once, those of the whole schedule too.
func (s Stripe) Validate() error {
	p := problems{of: "Stripe"}
	p.add(stripeProblem(s.Rank, s.World))
	return errors.Join(p.err(), Validate(s.Of))
}

func stripeProblem(rank, world int) string {
	if rank >= 0 && rank < world {
		return ""
	}
	return fmt.Sprintf("the rank %d must be at least 0 and less than the world %d", rank, world)
}

// Length reports the length of the whole schedule.
func (s Stripe) Length() (time.Duration, bool) { return Length(s.Of) }

// String prints "shard 1/4 of poisson 50/s".
func (s Stripe) String() string {
	return fmt.Sprintf("shard %d/%d of %s", s.Rank, s.World, nested(s.Of))
}

// Shard is Shard(c, rank, world).
func (c Constant) Shard(rank, world int) Arrivals { return Shard(c, rank, world) }

// Shard is Shard(s, rank, world).
func (s Steps) Shard(rank, world int) Arrivals { return Shard(s, rank, world) }

// Shard is Shard(p, rank, world).
func (p Poisson) Shard(rank, world int) Arrivals { return Shard(p, rank, world) }

// Shard is Shard(g, rank, world).
func (g Gamma) Shard(rank, world int) Arrivals { return Shard(g, rank, world) }

// Shard is Shard(u, rank, world).
func (u Uniform) Shard(rank, world int) Arrivals { return Shard(u, rank, world) }

// Shard is Shard(r, rank, world).
func (r Ramp) Shard(rank, world int) Arrivals { return Shard(r, rank, world) }

// Shard is Shard(t, rank, world).
func (t Trace) Shard(rank, world int) Arrivals { return Shard(t, rank, world) }

// Shard is Shard(p, rank, world).
func (p Pause) Shard(rank, world int) Arrivals { return Shard(p, rank, world) }

// Shard is Shard(s, rank, world).
func (s Stripe) Shard(rank, world int) Arrivals { return Shard(s, rank, world) }

// Shard is Shard(s, rank, world).
func (s Sequence) Shard(rank, world int) Arrivals { return Shard(s, rank, world) }
