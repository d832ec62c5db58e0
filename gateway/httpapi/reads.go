package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// items is the answer of a call that lists.
type items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor,omitempty"`
}

func newItems[F, T any](from otp.Page[F], of func(F) T) items[T] {
	out := items[T]{Items: make([]T, len(from.Items)), Next: from.Next}
	for i, item := range from.Items {
		out.Items[i] = of(item)
	}
	return out
}

// metadataPrefix is what the names of parameters begin with that ask for metadata.
const metadataPrefix = "metadata."

// filters are the query parameters by which list and logs select.
func filters() []string {
	return []string{"status", "channel", "provider", "country", "to", "purpose", "from", "until", "cursor", "limit"}
}

// selection reads the parameters of list or logs. What the call has besides is named by more.
func (r *call) selection(more ...string) (otp.ListInput, map[string]string, error) {
	known := append(filters(), more...)
	got, err := r.parameters(func(name string) bool {
		return slices.Contains(known, name) || strings.HasPrefix(name, metadataPrefix) && len(name) > len(metadataPrefix)
	})
	if err != nil {
		return otp.ListInput{}, nil, err
	}
	if fields := blank(got); len(fields) > 0 {
		return otp.ListInput{}, nil, invalid(fields...)
	}
	in := otp.ListInput{
		Status: got["status"], Channel: got["channel"], Provider: got["provider"], Country: got["country"], To: got["to"],
		Purpose: got["purpose"], From: got["from"], Until: got["until"], Cursor: got["cursor"], Limit: got["limit"],
	}
	for name, value := range got {
		if key, ok := strings.CutPrefix(name, metadataPrefix); ok {
			if in.Metadata == nil {
				in.Metadata = map[string]string{}
			}
			in.Metadata[key] = value
		}
	}
	return in, got, nil
}

// blank finds parameters without a value: whoever forgot one would be told more than was asked for. Metadata may be
// empty.
func blank(got map[string]string) []otp.Field {
	var fields []otp.Field
	for name, value := range got {
		if value == "" && !strings.HasPrefix(name, metadataPrefix) {
			fields = append(fields, otp.Field{Field: clip(name), Message: "is empty; name a value, or leave the parameter out"})
		}
	}
	slices.SortFunc(fields, func(a, b otp.Field) int { return strings.Compare(a.Field, b.Field) })
	return fields
}

func (r *call) list() (otp.Answer, error) {
	in, _, err := r.selection()
	if err != nil {
		return otp.Answer{}, err
	}
	found, err := r.snapshot.OTP.List(r.ctx, r.caller.App, in)
	if err != nil {
		return otp.Answer{}, err
	}
	return answer(http.StatusOK, newItems(found, newVerification)), nil
}

func (r *call) logs() (otp.Answer, error) {
	in, got, err := r.selection("reference", "event")
	if err != nil {
		return otp.Answer{}, err
	}
	found, err := r.snapshot.OTP.Logs(r.ctx, r.caller.App, otp.LogsInput{
		ListInput: in, Reference: got["reference"], Event: got["event"],
	})
	if err != nil {
		return otp.Answer{}, err
	}
	return answer(http.StatusOK, newItems(found, newEvent)), nil
}

// event is one thing that happened. Its recipient is masked, and no handle is told.
type event struct {
	At        string            `json:"at"`
	Event     otp.EventKind     `json:"event"`
	Reference otp.Reference     `json:"reference"`
	Status    otp.Status        `json:"status"`
	To        string            `json:"to"`
	Country   string            `json:"country,omitempty"`
	Channel   providers.Channel `json:"channel"`
	Provider  string            `json:"provider,omitempty"`
	Purpose   string            `json:"purpose,omitempty"`
	Delivery  *eventDelivery    `json:"delivery,omitempty"`
	Check     *eventCheck       `json:"check,omitempty"`
}

type eventDelivery struct {
	Status       otp.DeliveryStatus `json:"status"`
	Reason       string             `json:"reason,omitempty"`
	Class        string             `json:"class,omitempty"`
	ProviderCode string             `json:"provider_code,omitempty"`
	TookMS       int64              `json:"took_ms"`
	Rule         string             `json:"rule,omitempty"`
	Place        int                `json:"place,omitzero"`
	Reported     string             `json:"reported_at,omitempty"`
	Cost         *price             `json:"cost,omitempty"`
}

// eventCheck tells of a guess. How it was judged stands in the events that follow, but for one that was given back.
type eventCheck struct {
	Counted  bool        `json:"counted"`
	Outcome  otp.Outcome `json:"outcome,omitempty"`
	ClientIP string      `json:"client_ip,omitempty"`
}

func newEvent(e otp.Event) event {
	out := event{
		At: timestamp(e.At), Event: e.Kind, Reference: e.Reference, Status: e.Status, To: e.To.String(),
		Country: e.To.Country(), Channel: e.Channel, Provider: e.Provider, Purpose: e.Purpose,
	}
	if d := e.Delivery; d != nil {
		out.Delivery = &eventDelivery{
			Status: d.Status, Reason: d.Reason, Class: d.Class, ProviderCode: d.Code, TookMS: d.Took.Milliseconds(),
			Rule: d.Rule, Place: d.Place, Reported: timestampOf(d.ReportedAt),
		}
		if d.Cost.Currency != "" {
			out.Delivery.Cost = &price{amount(d.Cost.Micros), d.Cost.Currency}
		}
	}
	if c := e.Check; c != nil {
		out.Check = &eventCheck{Counted: c.Counted, ClientIP: c.IP}
		if e.Kind == otp.EventReturned {
			out.Check.Outcome = c.Outcome
		}
	}
	return out
}

// attempts is a verification and every guess at it.
type attempts struct {
	Reference         otp.Reference `json:"reference"`
	Status            otp.Status    `json:"status"`
	Attempts          int           `json:"attempts"`
	AttemptsRemaining int           `json:"attempts_remaining"`
	Items             []attempt     `json:"items"`
}

type attempt struct {
	At       string      `json:"at"`
	Outcome  otp.Outcome `json:"outcome"`
	Counted  bool        `json:"counted"`
	Provider string      `json:"provider,omitempty"`
	ClientIP string      `json:"client_ip,omitempty"`
}

func (r *call) attempts() (otp.Answer, error) {
	query, err := r.query("reference")
	if err != nil {
		return otp.Answer{}, err
	}
	if missing := required("reference", query["reference"]); len(missing) > 0 {
		return otp.Answer{}, invalid(missing...)
	}
	v, err := r.snapshot.OTP.Attempts(r.ctx, r.caller.App, query["reference"])
	if err != nil {
		return otp.Answer{}, err
	}
	r.reference = v.Reference
	out := attempts{
		Reference: v.Reference, Status: v.Status, Attempts: v.Attempts, AttemptsRemaining: v.AttemptsRemaining(),
		Items: make([]attempt, len(v.Checks)),
	}
	for i, c := range v.Checks {
		out.Items[i] = attempt{timestamp(c.At), c.Outcome, c.Counted, heldAgainst(c, v.Deliveries), c.IP}
	}
	return answer(http.StatusOK, out), nil
}

// heldAgainst is the provider whose code a guess was held against. Who judged a wrong one is written down only where that
// ends something: to note it for each would be another commit. So it is the only one that had sent a code by then; empty
// where several had.
func heldAgainst(c otp.Check, all []otp.Delivery) string {
	if c.Provider != "" || c.Outcome != otp.OutcomeWrong {
		return c.Provider
	}
	only := ""
	for _, d := range all {
		switch {
		case d.Status == otp.DeliveryFailed || d.At.After(c.At) || d.Provider == only:
		case only == "":
			only = d.Provider
		default:
			return ""
		}
	}
	return only
}

// rates is how far limits are used up.
type rates struct {
	To    string      `json:"to,omitempty"`
	Items []PlanLimit `json:"items"`
}

func (r *call) rateLimits() (otp.Answer, error) {
	query, err := r.query("to")
	if err != nil {
		return otp.Answer{}, err
	}
	if fields := blank(query); len(fields) > 0 {
		return otp.Answer{}, invalid(fields...)
	}
	found, err := r.snapshot.OTP.RateLimits(r.ctx, r.caller.App, query["to"])
	if err != nil {
		return otp.Answer{}, err
	}
	out := rates{Items: make([]PlanLimit, len(found.Levels))}
	if found.To != nil {
		out.To = found.To.Address()
	}
	for i, l := range found.Levels {
		out.Items[i] = newPlanLimit(l)
	}
	return answer(http.StatusOK, out), nil
}
