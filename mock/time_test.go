package mock_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

const ms = time.Millisecond

func TestStreamArrivesExactlyWhenDue(t *testing.T) {
	for _, api := range streamsAPIs {
		t.Run(string(api), func(t *testing.T) {
			o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(21)}
			inBubble(t, o, func(t *testing.T, c *client) {
				re := c.stream(t, api)
				require.NoError(t, re.err)
				tokens := re.tokens(t)
				require.Len(t, tokens, 21)
				for i, e := range tokens {
					require.Equal(t, 200*ms+time.Duration(i)*10*ms, e.at, "token %d", i)
				}
				require.Equal(t, 400*ms, re.at)

				rec := c.Records()[0]
				ttft, ok := rec.TTFT()
				require.True(t, ok)
				require.Equal(t, 200*ms, ttft)
				require.Equal(t, 21, rec.OutputTokens())
				require.Equal(t, 400*ms, rec.Ended)
				require.Len(t, rec.Events, len(re.events))
				for i, e := range rec.Events {
					require.Equal(t, re.events[i].at, e.At, "event %d", i)
					text, kind := said(t, re.events[i])
					require.Equal(t, kind, e.Kind, "event %d", i)
					require.Equal(t, text != "", e.Tokens > 0, "event %d", i)
				}
			})
		})
	}
}

func TestWholeAnswerComesWithItsLastToken(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(21)}
	inBubble(t, o, func(t *testing.T, c *client) {
		for i, api := range allAPIs {
			want := 400 * ms
			if api == mock.Embeddings {
				want = 200 * ms
			}
			re := c.whole(t, api)
			require.NoError(t, re.err)
			require.Equal(t, want, re.at, api)
			rec := c.Records()[i]
			require.Equal(t, want, rec.Ended)
			require.Len(t, rec.Events, 1)
			require.Equal(t, mock.KindBody, rec.Events[0].Kind)
			_, ok := rec.TTFT()
			require.False(t, ok)
		}
	})
}

// An event with k tokens comes k times ITL after the one before it, the last and smaller one too.
func TestEventsWithSeveralTokensKeepTheTokenRate(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(10), TokensPerEvent: mock.Fixed(4)}
	inBubble(t, o, func(t *testing.T, c *client) {
		var at []time.Duration
		for _, e := range c.stream(t, mock.Chat).tokens(t) {
			at = append(at, e.at)
		}
		require.Equal(t, []time.Duration{100 * ms, 140 * ms, 160 * ms}, at)
		var tokens []int32
		for _, e := range c.Records()[0].Events {
			if e.Tokens > 0 {
				tokens = append(tokens, e.Tokens)
			}
		}
		require.Equal(t, []int32{4, 4, 2}, tokens)
	})
}

func TestRoleFirstSendsAChunkWithoutTokensAtOnce(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), RoleFirst: true}
	inBubble(t, o, func(t *testing.T, c *client) {
		re := c.stream(t, mock.Chat)
		require.Zero(t, re.events[0].at)
		require.Equal(t, object{"role": "assistant", "content": ""}, pick(decode(t, re.events[0].data), "choices", "delta"))
		require.Equal(t, 200*ms, re.tokens(t)[0].at)
		require.Nil(t, pick(decode(t, re.events[1].data), "choices", "delta", "role"))
	})
}

func TestHeadersOfAStreamComeBeforeItsFirstToken(t *testing.T) {
	inBubble(t, mock.Options{TTFT: mock.Fixed(time.Second)}, func(t *testing.T, c *client) {
		require.Zero(t, c.stream(t, mock.Completions).answered)
		require.Zero(t, c.Records()[0].Responded)
		require.Equal(t, time.Second, c.Records()[0].Events[0].At)
	})
}

// Slots times the requests per slot and second is all that the server can do, and it does all of that.
func TestSlotsGiveTheirExactCapacity(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(11), Slots: 3}
	inBubble(t, o, func(t *testing.T, c *client) {
		const clients, each = 12, 5
		begin := time.Now()
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				for range each {
					if re := c.stream(t, mock.Chat); re.err != nil {
						t.Error(re.err)
					}
				}
			})
		}
		group.Wait()
		require.Equal(t, clients*each/3*300*ms, time.Since(begin))
		for _, rec := range c.Records()[clients:] { // all waiting places are taken from here on
			require.Equal(t, (clients/3-1)*300*ms, rec.QueueWait())
		}
	})
}

func TestSlotsAreGivenInTheOrderOfArrival(t *testing.T) {
	inBubble(t, mock.Options{TTFT: mock.Fixed(time.Second), Slots: 1}, func(t *testing.T, c *client) {
		var group sync.WaitGroup
		for i := range 5 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * ms)
				re := c.stream(t, mock.Chat, `"max_tokens":1`)
				if want := time.Duration(i+1)*time.Second - time.Duration(i)*ms; re.at != want {
					t.Errorf("request %d took %v: want %v", i, re.at, want)
				}
			})
		}
		group.Wait()
		for i, rec := range c.Records() {
			require.Equal(t, max(0, time.Duration(i)*(time.Second-ms)), rec.QueueWait(), "request %d", i)
		}
	})
}

func TestClientThatLeavesTheQueueTakesNoSlot(t *testing.T) {
	inBubble(t, mock.Options{TTFT: mock.Fixed(time.Second), Slots: 1}, func(t *testing.T, c *client) {
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * ms)
				ctx := t.Context()
				if i == 1 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 100*ms)
					defer cancel()
				}
				c.do(ctx, mock.Chat, request(mock.Chat, true, `"max_tokens":1`))
			})
		}
		group.Wait()
		synctest.Wait()
		records := c.Records()
		require.True(t, records[1].Gone)
		require.Zero(t, records[1].Started)
		require.Equal(t, time.Second-2*ms, records[2].QueueWait())
	})
}

func TestClientThatLeavesAStreamFreesItsSlotAtOnce(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(time.Second), ITL: mock.Fixed(time.Second), Slots: 1}
	inBubble(t, o, func(t *testing.T, c *client) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*ms)
		defer cancel()
		re := c.do(ctx, mock.Chat, request(mock.Chat, true))
		require.ErrorIs(t, re.err, context.DeadlineExceeded)
		require.Len(t, re.tokens(t), 2)
		c.stream(t, mock.Chat, `"max_tokens":1`)

		records := c.Records()
		require.True(t, records[0].Gone)
		require.Equal(t, 2, records[0].OutputTokens())
		require.Equal(t, 2500*ms, records[0].Ended)
		require.Zero(t, records[1].QueueWait())
		require.False(t, records[1].Gone)
	})
}

// What the n-th request meets depends on the seed and n alone: not on who sends it, when, or beside what.
func TestEqualSeedsTreatEqualNumbersAlike(t *testing.T) {
	o := mock.Options{
		TTFT: mock.LogNormal(200*ms, 0.5), ITL: mock.Exponential(10 * ms), Seed: 42,
		Tokens: mock.Uniform(5, 30), TokensPerEvent: mock.Uniform(1, 3), Reasoning: mock.Uniform(0, 10),
		Faults: []mock.Fault{{Kind: mock.FaultCut, After: 3, Rate: 0.2}, {Kind: mock.FaultStatus, Rate: 0.2}},
	}
	run := func(o mock.Options, clients int) (seen []string) {
		inBubble(t, o, func(t *testing.T, c *client) {
			var group sync.WaitGroup
			for range clients {
				group.Go(func() {
					for range 60 / clients {
						c.stream(t, mock.Chat)
					}
				})
			}
			group.Wait()
			for _, rec := range c.Records() {
				seen = append(seen, fmt.Sprint(rec.Number, rec.Fault, rec.Status))
				for _, e := range rec.Events {
					seen = append(seen, fmt.Sprint(e.At-rec.Started, e.Tokens, e.Kind))
				}
			}
		})
		return seen
	}
	alone := run(o, 1)
	require.Equal(t, alone, run(o, 1))
	require.Equal(t, alone, run(o, 6))
	o.Seed++
	require.NotEqual(t, alone, run(o, 1))
}

func TestResetNumbersFromOneAgain(t *testing.T) {
	o := mock.Options{Faults: []mock.Fault{{Kind: mock.FaultStatus, On: []int{2}}}}
	inBubble(t, o, func(t *testing.T, c *client) {
		for range 2 {
			require.Equal(t, 200, c.stream(t, mock.Chat).status)
			require.Equal(t, 500, c.stream(t, mock.Chat).status)
			require.Equal(t, 200, c.stream(t, mock.Chat).status)
			require.Len(t, c.Records(), 3)
			c.Reset()
			require.Empty(t, c.Records())
		}
	})
}
