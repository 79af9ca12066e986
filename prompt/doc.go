// Package prompt makes the payloads of a run: from files ([Payloads], [LoadPrompts]), from a text cut to exact token lengths
// ([Collection]), from nothing ([Synthetic]), and of several turns ([Conversation]).
//
// It knows payload files, lines of text and token lengths. It knows no provider: what a payload looks like is the business
// of an [endpoint.PayloadCreator] or of a function that the caller gives. It sends nothing and knows nothing of runs.
package prompt
