// Package price computes what the use of a model costs, exactly: tokens by their kind, and hours of compute.
//
// It knows amounts of money, rates and tables of them. It knows nothing of requests, of traces, and of where prices come from: it holds
// none of its own, because any that were built in would soon be wrong.
//
// # Exactness
//
// An [Amount] is a whole number of 10⁻¹² units of a currency. A price of up to six decimals for a million tokens is a whole number of
// these for one token, so costs are exact, and sums do not depend on their order. An amount holds up to 9.2 million units.
//
// # A table of prices
//
// A [Table] is read from JSON:
//
//	{
//	  "currency": "USD",
//	  "models": [
//	    {"model": "small-1", "input": 0.15, "cached_input": 0.075, "output": 0.60},
//	    {"model": "large-*", "input": 2.50, "output": 10, "reasoning": 12},
//	    {"model": "our-own", "hour": 4.10}
//	  ]
//	}
//
// Prices are for a million tokens; "hour" is for an hour of compute. What is left out of a model costs nothing, but for cached_input, which
// then costs what input does, and reasoning, which costs what output does. A key that is not known is an error.
package price
