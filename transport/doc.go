// Package transport is the one way in which every provider reaches its server: an http.Client made
// for measuring. It keeps as many connections as there are streams, never compresses, never follows a
// redirect or passes through a proxy unasked, never cuts a stream with a timeout over everything, opens
// connections before the start, tells what each request spent its time on, and on Linux takes the time
// at which bytes arrived from the kernel instead of from a client that may be busy.
//
// It knows connections, TLS, addresses, and when bytes came. It knows nothing of what is sent over them,
// of providers, of retries or of how errors are counted: each failure says in which phase it happened,
// and a higher room makes of it what it needs.
package transport
