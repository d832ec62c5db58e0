package twin

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// remembered bounds an inbox: when it holds twice as many messages, the older half is forgotten.
const remembered = 10_000

// Message is what a person received.
type Message struct {
	To      string            `json:"to"` // as the upstream was given it
	Channel providers.Channel `json:"channel"`
	From    string            `json:"from"`
	Text    string            `json:"text"`
	At      time.Time         `json:"at"`   // by the clock of the inbox
	Twin    string            `json:"twin"` // name of the twin that delivered it; "console": the in-house generator
}

// Inbox stands in place of everybody's phone and mailbox. Several twins may share one; then they share its clock too.
// It is safe for concurrent use.
type Inbox struct {
	Clock Clock

	mu       sync.Mutex
	messages []Message // oldest first
}

var _ providers.Phone = (*Inbox)(nil)

// Receive implements [providers.Phone].
func (i *Inbox) Receive(channel providers.Channel, to providers.Recipient, from, text string) {
	i.add(Message{To: to.Address(), Channel: channel, From: from, Text: text, At: i.Clock.Now(), Twin: "console"})
}

// Messages returns what was delivered to to on channel, newest first. Empty means any. Numbers are compared by their
// last nine digits, so that every way to write one finds it. A message on its way is not shown before its time.
func (i *Inbox) Messages(to string, channel providers.Channel) []Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	now, key := i.Clock.Now(), person(to)
	found := []Message{}
	for _, m := range slices.Backward(i.messages) {
		if (key == "" || person(m.To) == key) && (channel == "" || m.Channel == channel) && !m.At.After(now) {
			found = append(found, m)
		}
	}
	return found
}

// Clear forgets every message.
func (i *Inbox) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = nil
}

// add keeps messages in the order of their time: one that is late goes after those that arrive before it.
func (i *Inbox) add(m Message) {
	i.mu.Lock()
	defer i.mu.Unlock()
	at := len(i.messages)
	for at > 0 && i.messages[at-1].At.After(m.At) {
		at--
	}
	i.messages = slices.Insert(i.messages, at, m)
	if len(i.messages) >= 2*remembered {
		i.messages = slices.Clone(i.messages[remembered:])
	}
}

// person is a number by its last nine digits, or an address in lower case.
func person(to string) string {
	if strings.Contains(to, "@") {
		return strings.ToLower(to)
	}
	const significant = 9
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, to)
	return digits[max(0, len(digits)-significant):]
}
