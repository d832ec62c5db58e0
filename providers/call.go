package providers

// Call is what an upstream tells of a telephone call, before anybody has looked whether it is one that we wished for.
type Call struct {
	ID      string   // the upstream's id of the call, as in [Handle.UpstreamID]
	Numbers []string // at its two ends, in international form
	Stage   CallStage
	Report  Report // of [CallEnded]
}

// CallStage is how far a call is.
type CallStage uint8

// The stages of a call.
const (
	CallForeign  CallStage = iota // somebody calls us: there is nothing to say
	CallRinging                   // nobody has picked up yet
	CallAnswered                  // somebody listens, and the answer to the upstream is what they hear
	CallEnded
)
