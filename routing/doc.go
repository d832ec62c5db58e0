// Package routing decides which provider carries a code, and asks it.
//
// A [Rule] names the providers for a kind of request. A [Plan] puts them in order and tells of each why it stands where
// it stands, or why it is left out; it is a pure function of the request, the rules and what is known of the providers'
// health. The [Engine] walks the plan: one try for each provider and channel, each behind its breaker and its limits,
// each with a fair slice of one deadline. What a failure means for the chain and for the breaker stands in one table
// (policy.go).
//
// [Health] is what was learnt about the providers. It outlives the engines, so that a new configuration does not forget
// that an upstream is down.
package routing
