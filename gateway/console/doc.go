// Package console is the operators' page: how the providers stand, what was sent and what became of it, one
// verification's story, the plan of a send that nobody makes, limits, the configuration in force, and in a sandbox what
// everybody's phone received. It has a listener of its own and changes nothing.
//
// Its listener is net/http, not fiber: few people look at it, and a strict parser is worth more there than speed.
package console
