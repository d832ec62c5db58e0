package twin

// Stand is how people are offered a twin: what it stands in for, and how it is called upon.
type Stand struct {
	Kind        string                   // of the providers whose upstream it is
	New         func(inbox *Inbox) *Twin // makes one that delivers into inbox
	Credentials string                   // what it takes, for people
}
