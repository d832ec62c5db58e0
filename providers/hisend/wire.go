package hisend

import (
	"cmp"
	"net/url"
	"strconv"
	"time"

	"github.com/goccy/go-json/jsontext"

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

// answer is every answer.
type answer struct {
	upstream.Response `json:"-"`

	Message string         `json:"message"`
	Data    jsontext.Value `json:"data"` // of a refusal not looked at: the vendor shows none
}

// data is what answers tell beside their message. A check says yes by the boolean and by nothing else.
type data struct {
	Reference string `json:"reference"` // of a send
	Success   bool   `json:"success"`   // of a check
}

// blank tells whether there is no data.
func (a answer) blank() bool { return len(a.Data) == 0 || a.Data.Kind() == 'n' }

func (a answer) data() (d data, err error) {
	if !a.blank() {
		err = upstream.Decode(a.Data, &d)
	}
	return d, err
}

const stateVersion = 1

// state is what [providers.Handle.State] holds.
type state struct {
	V         int    `json:"v"`
	Reference string `json:"reference"`
}

func (s state) whole() bool { return s.V == stateVersion && upstream.Visible(s.Reference) }

// handle is the session that a opened, if it names one: the vendor shows a lower-case ULID and promises nothing.
func (a answer) handle(g providers.Granted) (providers.Handle, bool) {
	d, err := a.data()
	if err != nil || !upstream.Visible(d.Reference) {
		return providers.Handle{}, false
	}
	s := upstream.WriteState(state{V: stateVersion, Reference: d.Reference})
	return providers.Handle{UpstreamID: d.Reference, State: s, Granted: g}, true
}
