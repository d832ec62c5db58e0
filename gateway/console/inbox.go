package console

import (
	"net/http"
	"time"

	"github.com/otpgate/otpgate/providers"
)

type inboxQuestion struct {
	To string `json:"to"`
}

type inboxView struct {
	Items []messageView `json:"items"`
	More  int           `json:"more"` // older messages that are not shown
}

// messageView is shown whole: a sandbox has no real people.
type messageView struct {
	At      time.Time         `json:"at"`
	To      string            `json:"to"`
	Channel providers.Channel `json:"channel"`
	From    string            `json:"from"`
	Text    string            `json:"text"`
	Twin    string            `json:"twin"`
}

// maxMessages is how many messages the page shows.
const maxMessages = 100

func (c *Console) inbox(r *http.Request) (any, error) {
	in, err := read[inboxQuestion](r)
	if err != nil {
		return nil, err
	}
	all := c.Inbox.Messages(in.To)
	shown := all[:min(len(all), maxMessages)]
	view := inboxView{Items: []messageView{}, More: len(all) - len(shown)}
	for _, m := range shown {
		view.Items = append(view.Items, messageView{
			At: m.At, To: visible(m.To), Channel: m.Channel, From: visible(m.From), Text: visible(m.Text), Twin: m.Twin,
		})
	}
	return view, nil
}
