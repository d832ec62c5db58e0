package sendexa

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// The vendor's pages and its SDKs disagree about the header of the signature. Either may stand there.
const signatureHeader, otherSignatureHeader = "X-Sendexa-Signature", "X-Signature"

var _ providers.CallbackParser = (*Provider)(nil)

// notice is a webhook as far as it tells of a message. One page shows the code itself in what it tells of codes: there
// is no field for that here, so it is not read.
type notice struct {
	Event string `json:"event"`
	told
	Data told `json:"data"` // in the envelope of one page
}

type told struct {
	ID        string `json:"id"` // of the message; in the envelope, of the event
	MessageID string `json:"messageId"`
	Status    string `json:"status"`
}

// ParseCallback implements [providers.CallbackParser]. What is told of guesses and expiries means nothing here: the
// gateway asks, and counts itself.
func (p *Provider) ParseCallback(c providers.Callback) ([]providers.Report, error) {
	signature := cmp.Or(c.Header.Get(signatureHeader), c.Header.Get(otherSignatureHeader))
	switch {
	case p.webhookSecret.Empty():
		return nil, providers.ErrNoCallbacks
	case !upstream.Signed(sha256.New, p.webhookSecret, c.Body, strings.TrimPrefix(signature, "sha256=")):
		return nil, providers.ErrForged
	}
	var n notice
	if c.Method != http.MethodPost || upstream.Decode(c.Body, &n) != nil {
		return nil, providers.ErrMalformed
	}
	if strings.HasPrefix(n.Event, "otp.") {
		return nil, nil
	}
	word := cmp.Or(n.Data.Status, n.Status, strings.TrimPrefix(n.Event, "message."))
	r := providers.Report{UpstreamID: cmp.Or(n.Data.MessageID, n.Data.ID, n.MessageID, n.ID), State: stateOf(word)}
	if r.State != "" {
		r.Reason = word // one that is known, and so no number
	}
	return []providers.Report{r}, nil
}

func stateOf(word string) providers.DeliveryState {
	switch strings.ToLower(word) {
	case "sent":
		return providers.DeliverySent
	case "delivered":
		return providers.DeliveryDelivered
	case "failed", "undelivered", "rejected", "expired":
		return providers.DeliveryUndelivered
	default:
		return ""
	}
}
