// Package slo reads service-level objectives from text and checks them.
//
//	ttft-p99 < 500ms
//	goodput(ttft<300ms,tpot<40ms) > 95%
//	failed_requests < 1
//	output_tps > 100 tok/s
//
// An objective compares a named number with a bound. Names are looked up through a function, so the package knows nothing
// of runs, responses or statistics: only, from the form of a name, whether it is a time, a fraction, a rate or a count, and
// so which units its bound must have. Values are in SI base units throughout: seconds, fractions of 1, events per second
// (per minute for names that end in _per_minute).
//
// # Text
//
//	objective = NAME OP BOUND
//	          | "goodput" "(" condition { "," condition } ")" OP NUMBER "%"
//	condition = NAME OP BOUND
//	OP        = "<" | "<=" | ">" | ">="                    "≤" and "≥" are read too
//	BOUND     = NUMBER [ UNIT ]
//
// A NAME in an objective is a number of the run: a metric and a statistic ("ttft-p99", "tpot-mean", "response-n",
// "time_to_first_token-average", "ttft-p99-ci95-lo") or a plain one ("failed_requests"). In a condition it is a number of
// one request, so without a statistic ("ttft").
//
//	names                                                              UNIT
//	ttft, ttfct, ttlt, tpot, itl, icl, stall, response,
//	time_to_…, time_per_…, …_time                                      ns, us, ms, s or m, required
//	goodput, …_rate                                                    %, required
//	…_tps, …_per_second                                                none, or [tok|req]/s
//	…_per_minute                                                       none, or [tok|req]/m
//	…_requests, …_tokens, num_tokens_…, and any name with -n           none
//	all others                                                         any of these, or none
//
// A name may begin with "steady-", for the number of the steady state, and end in "-ci95-lo" or "-ci95-hi", for an end of the
// number's interval; both leave its kind.
//
// How surely numbers are to be known before a run may end is an [Until]:
//
//	until     = precision { ("," | "and") precision }
//	precision = NAME "ci" "<" NUMBER "%"                     "ttft-p99 ci < 5%": known to ± 5 %
package slo
