package whatsapptwin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers/twin"
)

// undeliverable is Meta's code for a number that WhatsApp cannot reach.
const undeliverable = 131026

const callTimeout = 5 * time.Second

// CallTo has callbacks made to an address from now on.
func (t *Twin) CallTo(address string) { t.callback.Store(&address) }

// Wait waits for the callbacks that are under way.
func (t *Twin) Wait() { t.calls.Wait() }

// tell calls back about a message with the trait of its number.
func (t *Twin) tell(ctx context.Context, id, to string, trait twin.Trait) {
	words := []string{"sent", "delivered"}
	if trait == twin.NeverArrives {
		words = []string{"failed"}
	}
	for _, word := range words {
		if address := t.callback.Load(); address != nil {
			body := t.Notice(id, to, word)
			_, _ = call(ctx, http.MethodPost, *address, body, t.Signature(body))
		}
	}
}

// Notice is the body of a callback: that a message is sent, delivered, read or failed.
func (t *Twin) Notice(id, to, word string) []byte {
	status := object{
		"id": id, "status": word, "timestamp": strconv.FormatInt(t.Now().Unix(), 10), "recipient_id": to,
		"conversation": object{"id": "c1", "origin": object{"type": "authentication"}},
		"pricing":      object{"billable": true, "pricing_model": "CBP", "category": "authentication"},
	}
	if word == "failed" {
		delete(status, "conversation")
		delete(status, "pricing")
		status["errors"] = []object{{
			"code": undeliverable, "title": "Message undeliverable", "message": "Message undeliverable",
			"error_data": object{"details": "Message Undeliverable."},
		}}
	}
	body, _ := json.Marshal(object{
		"object": "whatsapp_business_account",
		"entry": []object{{"id": "102290129340398", "changes": []object{{"field": "messages", "value": object{
			"messaging_product": "whatsapp",
			"metadata":          object{"display_phone_number": "15550783881", "phone_number_id": t.number},
			"statuses":          []object{status},
		}}}}},
	}, json.Deterministic(true)) // texts and numbers can always be written
	return body
}

// Signature is the header that goes with a callback.
func (t *Twin) Signature(body []byte) string {
	mac := hmac.New(sha256.New, []byte(t.appSecret.Reveal()))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Subscribe asks an address whether callbacks are wanted there, and fails unless it says so.
func (t *Twin) Subscribe(ctx context.Context, address string) error {
	const challenge = "1158201444"
	query := url.Values{
		"hub.mode": {"subscribe"}, "hub.verify_token": {t.verifyToken}, "hub.challenge": {challenge},
	}
	answer, err := call(ctx, http.MethodGet, address+"?"+query.Encode(), nil, "")
	if err == nil && answer != challenge {
		err = errors.New("the challenge was answered wrongly")
	}
	return err
}

func call(ctx context.Context, method, address string, body []byte, signature string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if signature != "" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Hub-Signature-256", signature)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered with status %d", answer.StatusCode)
	}
	return string(text), err
}
