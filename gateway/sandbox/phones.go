package sandbox

import (
	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/providers/twin"
)

// phones is the twins' inbox as the console shows it.
type phones struct{ inbox *twin.Inbox }

// Messages implements [console.Inbox].
func (p phones) Messages(to string) []console.Message {
	found := p.inbox.Messages(to, "")
	messages := make([]console.Message, len(found))
	for i, m := range found {
		messages[i] = console.Message{At: m.At, To: m.To, Channel: m.Channel, From: m.From, Text: m.Text, Twin: m.Twin}
	}
	return messages
}
