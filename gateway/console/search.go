package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// searchQuestion is what an operator looks for. Text is a reference or a recipient.
type searchQuestion struct {
	Text     string            `json:"text"`
	App      string            `json:"app"`
	Status   otp.Status        `json:"status"`
	Channel  providers.Channel `json:"channel"`
	Provider string            `json:"provider"`
	Cursor   string            `json:"cursor"`
}

type foundView struct {
	Items []itemView `json:"items"`
	Next  string     `json:"next"` // cursor of the next page, also of one without items; empty: this is the last
}

// itemView is a verification in a list. Its recipient is masked, as everywhere in the console.
type itemView struct {
	Reference otp.Reference       `json:"reference"`
	App       string              `json:"app"`
	To        providers.Recipient `json:"to"`
	Country   string              `json:"country"`
	Channel   providers.Channel   `json:"channel"`
	Provider  string              `json:"provider"` // of the newest delivery; empty: there is none
	Status    otp.Status          `json:"status"`
	CreatedAt time.Time           `json:"created_at"`
	EndedAt   time.Time           `json:"ended_at,omitzero"`
	Took      *int64              `json:"took_ms"` // to verify; nil: it is not verified
	Attempts  int                 `json:"attempts"`
	Resends   int                 `json:"resends"`
	Tries     int                 `json:"tries"`
}

func newItem(v otp.Verification) itemView {
	item := itemView{
		Reference: v.Reference, App: v.App, To: v.To, Country: v.To.Country(), Channel: v.Channel, Status: v.Status,
		CreatedAt: v.CreatedAt, EndedAt: v.EndedAt, Attempts: v.Attempts, Resends: v.Resends, Tries: len(v.Deliveries),
	}
	if n := len(v.Deliveries); n > 0 {
		item.Provider = v.Deliveries[n-1].Provider
	}
	if v.Status == otp.StatusVerified {
		item.Took = new(v.EndedAt.Sub(v.CreatedAt).Milliseconds())
	}
	return item
}

// pageSize is how many verifications a list shows at a time.
const pageSize = 50

func (c *Console) search(r *http.Request) (any, error) {
	in, err := read[searchQuestion](r)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(in.Text)
	if ref, err := otp.ParseReference(strings.ToLower(text)); err == nil {
		v, err := c.Gateway.Verification(r.Context(), ref)
		if err != nil {
			return nil, err
		}
		return foundView{Items: []itemView{newItem(v)}}, nil
	}
	q := otp.Query{
		App: in.App, Status: in.Status, Channel: in.Channel, Provider: in.Provider, Cursor: in.Cursor, Limit: pageSize,
		Now: c.Now(),
	}
	if text != "" {
		to, err := c.Gateway.Recipient(text)
		if err != nil {
			return nil, mistake("text", "this is neither a reference nor a recipient: "+err.Error())
		}
		q.To = to.Address()
	}
	page, err := c.History.List(r.Context(), q)
	found := foundView{Items: []itemView{}, Next: page.Next}
	for _, v := range page.Items {
		found.Items = append(found.Items, newItem(v.At(q.Now)))
	}
	return found, err
}

// storyView is everything about one verification.
type storyView struct {
	itemView
	Purpose     string            `json:"purpose"`
	Sender      string            `json:"sender"`
	Message     string            `json:"message"` // with {code} in place of the code
	Locale      string            `json:"locale"`
	Metadata    map[string]string `json:"metadata"`
	ClientIP    string            `json:"client_ip"`
	Trace       string            `json:"trace"`
	ExpiresAt   time.Time         `json:"expires_at"`
	MaxAttempts int               `json:"max_attempts"`
	MaxResends  int               `json:"max_resends"`
	Events      []eventView       `json:"events"` // the oldest first
	Cut         bool              `json:"cut"`    // there are more events than are shown
}

// eventView is one thing that happened to the verification.
type eventView struct {
	At       time.Time           `json:"at"`
	Kind     otp.EventKind       `json:"kind"`
	Status   otp.Status          `json:"status"`
	Channel  providers.Channel   `json:"channel"`
	Provider string              `json:"provider"`
	To       providers.Recipient `json:"to"`
	Delivery *deliveryView       `json:"delivery"`
	Check    *checkView          `json:"check"`
}

type deliveryView struct {
	Status   otp.DeliveryStatus `json:"status"`
	Reason   string             `json:"reason"`
	Class    string             `json:"class"`
	Code     string             `json:"code"`
	Took     int64              `json:"took_ms"`
	Rule     string             `json:"rule"`
	Place    int                `json:"place"`
	Upstream string             `json:"upstream_id"`
	Micros   int64              `json:"micros"`
	Currency string             `json:"currency"` // empty: nobody told a price
}

type checkView struct {
	Outcome otp.Outcome `json:"outcome"`
	Counted bool        `json:"counted"`
	IP      string      `json:"ip"`
}

// maxEvents bounds a story. A verification has far fewer, unless somebody plays with it.
const maxEvents = 500

func (c *Console) story(r *http.Request) (any, error) {
	ref, err := otp.ParseReference(r.PathValue("reference"))
	if err != nil {
		return nil, &otp.Error{Code: otp.NotFound, Detail: "this is not a reference; it has 26 letters and digits"}
	}
	v, err := c.Gateway.Verification(r.Context(), ref)
	if err != nil {
		return nil, err
	}
	page, err := c.History.Events(r.Context(), otp.Query{Reference: ref, Limit: maxEvents, Now: c.Now()})
	if err != nil {
		return nil, err
	}
	return newStory(v, page), nil
}

func newStory(v otp.Verification, page otp.Page[otp.Event]) storyView {
	s := storyView{
		itemView: newItem(v), Purpose: visible(v.Purpose), Sender: visible(v.Sender), Message: visible(v.Message),
		Locale: visible(v.Locale), Metadata: map[string]string{}, ClientIP: v.ClientIP, Trace: traceID(v.Trace),
		ExpiresAt: v.ExpiresAt, MaxAttempts: v.MaxAttempts, MaxResends: v.MaxResends, Cut: page.Next != "",
	}
	for key, value := range v.Metadata {
		s.Metadata[visible(key)] = visible(value)
	}
	for _, e := range slices.Backward(page.Items) {
		s.Events = append(s.Events, newEvent(e))
	}
	return s
}

// traceID is the id in a traceparent, by which traces are looked for.
func traceID(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 2 {
		return ""
	}
	return visible(parts[1])
}

func newEvent(e otp.Event) eventView {
	view := eventView{
		At: e.At, Kind: e.Kind, Status: e.Status, Channel: e.Channel, Provider: e.Provider, To: e.To,
	}
	if d := e.Delivery; d != nil {
		view.Delivery = &deliveryView{
			Status: d.Status, Reason: visible(d.Reason), Class: d.Class, Code: visible(d.Code), Took: d.Took.Milliseconds(),
			Rule: d.Rule, Place: d.Place, Upstream: visible(d.Handle.UpstreamID),
			Micros: d.Cost.Micros, Currency: d.Cost.Currency,
		}
	}
	if check := e.Check; check != nil {
		view.Check = &checkView{check.Outcome, check.Counted, check.IP}
	}
	return view
}
