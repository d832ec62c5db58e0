// Package twin is what local twins of upstreams share: an inbox in place of people's phones, faults that can be
// switched on while the twin runs, numbers that behave badly by themselves, and a clock that can be put forward.
//
// A twin speaks the wire of one upstream under the upstream's own paths. Beside them it answers on paths that no
// upstream has:
//
//	GET    /inbox?to=…&channel=…   what was delivered, newest first, as a JSON list
//	DELETE /inbox                  forgets all of it
//	GET    /faults                 the faults that are on
//	PUT    /faults                 switches one on: {"endpoint":"send","fault":"status","status":500}
//	DELETE /faults?endpoint=…      switches those of one endpoint off, or all
//	GET    /clock                  the twin's time
//	POST   /clock                  puts it forward: {"advance":"5m"}
//	DELETE /clock                  sets it right again
//	GET    /magic                  the numbers that behave badly
//
// A twin serves sandboxes and tests. It shows codes and takes orders from anybody who reaches it.
package twin
