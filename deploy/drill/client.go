package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
)

const (
	apiKey    = "shop-key"
	apiSecret = "drill-api-secret-that-must-not-be-seen"
)

// client is the app.
type client struct {
	ctx  context.Context
	url  string
	http *http.Client
}

// newClient keeps as many connections as there are requests at one time, so that connecting is not what is measured.
func (s *stage) newClient(url string) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 20_000}
	s.atEnd(transport.CloseIdleConnections)
	return &client{ctx: s.ctx, url: url, http: &http.Client{Transport: transport, Timeout: time.Minute}}
}

// hangUp closes the connections that are not in use.
func (c *client) hangUp() { c.http.CloseIdleConnections() }

// answer is what the gateway said.
type answer struct {
	status int
	header http.Header
	took   time.Duration
	body   string

	Reference         string `json:"reference"`
	Provider          string `json:"provider"`
	Attempts          int    `json:"attempts"`
	AttemptsRemaining int    `json:"attempts_remaining"`
	Status            jsontext.Value
	Code              jsontext.Value
	Items             []jsontext.Value `json:"items"` // of a list
}

// problem is the code of a refusal.
func (a answer) problem() string { return strings.Trim(string(a.Code), `"`) }

// name is the code of a refusal; empty for a success, whose code is an object.
func (a answer) name() string {
	if a.status < 300 {
		return ""
	}
	return a.problem()
}

// state is the status of a verification.
func (a answer) state() string { return strings.Trim(string(a.Status), `"`) }

// retryAfter is what the header of that name says; 0: nothing that a client could keep to.
func (a answer) retryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// String is for people.
func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

func (c *client) do(method, path, body, key string) (answer, error) {
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	req.SetBasicAuth(apiKey, apiSecret)
	began := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, took: time.Since(began), body: string(text)}
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a, json.MatchCaseInsensitiveNames(true))
}

func (c *client) post(path, body string) (answer, error) {
	return c.do(http.MethodPost, path, body, "")
}

// send starts a verification; more begins with a comma, or is empty.
func (c *client) send(to, more string) (answer, error) {
	return c.post("/v1/otp/send", fmt.Sprintf(`{"to":%q%s}`, to, more))
}

func (c *client) verify(reference, code string) (answer, error) {
	return c.post("/v1/otp/verify", fmt.Sprintf(`{"reference":%q,"code":%q}`, reference, code))
}

func (c *client) resend(reference string) (answer, error) {
	return c.post("/v1/otp/resend", fmt.Sprintf(`{"reference":%q}`, reference))
}

func (c *client) status(reference string) (answer, error) {
	return c.do(http.MethodGet, "/v1/otp/status?reference="+reference, "", "")
}

// list are the verifications of a person.
func (c *client) list(to string) (answer, error) {
	return c.do(http.MethodGet, "/v1/otp/list?to="+url.QueryEscape(to), "", "")
}

// ready tells whether the gateway calls itself ready.
func (c *client) ready() bool {
	a, err := c.do(http.MethodGet, "/readyz", "", "")
	return err == nil && a.status == http.StatusOK
}

// breaker is the state of a provider's breaker for SMS, empty where it cannot be learnt.
func (c *client) breaker(provider string) string {
	a, err := c.do(http.MethodGet, "/v1/providers", "", "")
	var list struct {
		Items []struct {
			Name     string `json:"name"`
			Channels []struct {
				Channel string `json:"channel"`
				Breaker string `json:"breaker"`
			} `json:"channels"`
		} `json:"items"`
	}
	if err != nil || json.Unmarshal([]byte(a.body), &list) != nil {
		return ""
	}
	for _, item := range list.Items {
		for _, channel := range item.Channels {
			if item.Name == provider && channel.Channel == "sms" {
				return channel.Breaker
			}
		}
	}
	return ""
}
