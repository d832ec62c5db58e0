package whatsapp

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// signatureHeader holds "sha256=" and the HMAC-SHA256 of the raw body with the app's secret, in hex.
const signatureHeader = "X-Hub-Signature-256"

// notice is a callback as far as it tells of messages that were sent.
type notice struct {
	Entry []struct {
		Changes []struct {
			Field string `json:"field"`
			Value struct {
				Metadata struct {
					PhoneNumberID string `json:"phone_number_id"`
				} `json:"metadata"`
				Statuses []status `json:"statuses"`
			} `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

type status struct {
	ID        string `json:"id"`
	Status    string `json:"status"`    // sent, delivered, read, failed; others mean nothing here
	Timestamp string `json:"timestamp"` // Unix seconds
	Errors    []struct {
		Code int `json:"code"`
	} `json:"errors"`
}

// ParseCallback implements [transport.CallbackParser]. An app may have several numbers and hear of other things than
// messages; what is not about this number's is passed over.
func (s *sender) ParseCallback(c providers.Callback) ([]transport.Report, error) {
	if s.appSecret.Empty() {
		return nil, providers.ErrNoCallbacks
	}
	signature, ok := strings.CutPrefix(c.Header.Get(signatureHeader), "sha256=")
	if !ok || !upstream.Signed(sha256.New, s.appSecret, c.Body, signature) {
		return nil, providers.ErrForged
	}
	var n notice
	if upstream.Decode(c.Body, &n) != nil {
		return nil, providers.ErrMalformed
	}
	var reports []transport.Report
	for _, entry := range n.Entry {
		for _, change := range entry.Changes {
			if change.Field != "messages" || change.Value.Metadata.PhoneNumberID != s.number {
				continue
			}
			for _, one := range change.Value.Statuses {
				reports = append(reports, one.report())
			}
		}
	}
	return reports, nil
}

func (s status) report() transport.Report {
	r := transport.Report{ID: s.ID, State: stateOf(s.Status)}
	if seconds, err := strconv.ParseInt(s.Timestamp, 10, 64); err == nil && seconds > 0 {
		r.At = time.Unix(seconds, 0).UTC()
	}
	if len(s.Errors) > 0 {
		r.Code = strconv.Itoa(s.Errors[0].Code)
	}
	return r
}

// stateOf knows that a message which was read has arrived.
func stateOf(word string) providers.DeliveryState {
	switch word {
	case "sent":
		return providers.DeliverySent
	case "delivered", "read":
		return providers.DeliveryDelivered
	case "failed":
		return providers.DeliveryUndelivered
	default:
		return ""
	}
}

// Challenge implements [providers.Challenger]: Meta asks once, when the callbacks are set up.
func (s *sender) Challenge(c providers.Callback) (answer string, ok bool) {
	const longest = 256
	answer = c.Query.Get("hub.challenge")
	token := providers.NewSecret(c.Query.Get("hub.verify_token"))
	if c.Method != http.MethodGet || c.Query.Get("hub.mode") != "subscribe" ||
		s.verifyToken.Empty() || !s.verifyToken.Equal(token) || !upstream.Visible(answer) || len(answer) > longest {
		return "", false
	}
	return answer, true
}
