package hisend

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// grant is what Hisend is asked for: the wish, in whole minutes and never longer, and the vendor's defaults where there
// is none. No answer tells what was set, so length and expiry are named in every request.
func grant(wish providers.CodeWish) providers.Granted {
	return providers.Granted{
		Length:   cmp.Or(wish.Length, defaultLength),
		Alphabet: providers.Numeric,
		Expiry:   min(cmp.Or(wish.Expiry, defaultExpiry), longestExpiry).Truncate(time.Minute),
	}
}

// sendQuery is the query of GET /otp/send. A number goes with its plus; the vendor shows none.
func sendQuery(req providers.SendRequest, g providers.Granted) url.Values {
	return url.Values{
		"customer_identifier": {req.To.Address()},
		"channel":             {string(req.Channel)},
		"length":              {strconv.Itoa(g.Length)},
		"expiry":              {strconv.Itoa(int(g.Expiry / time.Minute))},
	}
}

// validateQuery is the query of GET /otp/validate. The vendor's pages call the reference by two names.
func validateQuery(names []string, reference string, code providers.Secret) url.Values {
	query := url.Values{"otp": {code.Reveal()}}
	for _, name := range names {
		query.Set(name, reference)
	}
	return query
}

// envelope is every answer. The data of a refusal is not looked at: the vendor shows none.
type envelope struct {
	Message string         `json:"message"`
	Data    jsontext.Value `json:"data"`
}

func decodeEnvelope(body []byte) (envelope, error) {
	var e envelope
	if err := upstream.Decode(body, &e); err != nil {
		return envelope{}, err
	}
	return e, nil
}

// blank tells whether there is no data.
func (e envelope) blank() bool { return len(e.Data) == 0 || e.Data.Kind() == 'n' }

// approves tells whether data says yes, by the boolean and by nothing else.
func (e envelope) approves() (bool, error) {
	var data struct {
		Success bool `json:"success"`
	}
	if e.blank() {
		return false, nil
	}
	if err := upstream.Decode(e.Data, &data); err != nil {
		return false, err
	}
	return data.Success, nil
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V         int    `json:"v"`
	Reference string `json:"reference"`
}

var errState = errors.New("handle is not one of this kind")

func decodeState(b []byte) (state, error) {
	var s state
	if err := upstream.Decode(b, &s); err != nil || s.V != stateVersion || !upstream.Visible(s.Reference) {
		return state{}, errState
	}
	return s, nil
}

// handle is the session that e opened, if it names one: the vendor shows a lower-case ULID and promises nothing.
func (e envelope) handle(g providers.Granted) (providers.Handle, bool) {
	var data struct {
		Reference string `json:"reference"`
	}
	if e.blank() || upstream.Decode(e.Data, &data) != nil || !upstream.Visible(data.Reference) {
		return providers.Handle{}, false
	}
	s, err := json.Marshal(state{V: stateVersion, Reference: data.Reference})
	return providers.Handle{UpstreamID: data.Reference, State: s, Granted: g}, err == nil
}
