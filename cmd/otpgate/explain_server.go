package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// The environment variables that hold what a running gateway is asked with: every user of a machine can read the flags.
const (
	envKey    = "OTPGATE_KEY"
	envSecret = "OTPGATE_SECRET"
)

const (
	askTimeout = 15 * time.Second
	maxAnswer  = 1 << 20
)

// planRequest is the body of /v1/otp/plan, which is that of a send.
type planRequest struct {
	To          string         `json:"to"`
	Channel     string         `json:"channel,omitempty"`
	Country     string         `json:"country,omitempty"`
	Sender      string         `json:"sender,omitempty"`
	Code        *planCode      `json:"code,omitempty"`
	ExpiresIn   string         `json:"expires_in,omitempty"`
	MaxAttempts *int           `json:"max_attempts,omitempty"`
	Template    string         `json:"template,omitempty"`
	Message     string         `json:"message,omitempty"`
	Locale      string         `json:"locale,omitempty"`
	Purpose     string         `json:"purpose,omitempty"`
	Fallback    []planFallback `json:"fallback,omitempty"`
	Client      *planClient    `json:"client,omitempty"`
}

type planCode struct {
	Length   *int   `json:"length,omitempty"`
	Alphabet string `json:"alphabet,omitempty"`
}

type planFallback struct {
	Channel string `json:"channel"`
	To      string `json:"to,omitempty"`
	After   string `json:"after"`
}

type planClient struct {
	IP string `json:"ip"`
}

func newPlanRequest(in otp.SendInput) planRequest {
	out := planRequest{
		To: in.To, Channel: in.Channel, Country: in.Country, Sender: in.Sender, ExpiresIn: in.ExpiresIn,
		MaxAttempts: in.MaxAttempts, Template: in.Template, Message: in.Message, Locale: in.Locale, Purpose: in.Purpose,
	}
	if in.Length != nil || in.Alphabet != "" {
		out.Code = &planCode{in.Length, in.Alphabet}
	}
	if in.ClientIP != "" {
		out.Client = &planClient{in.ClientIP}
	}
	for _, step := range in.Fallback {
		out.Fallback = append(out.Fallback, planFallback{step.Channel, step.To, step.After})
	}
	return out
}

// askServer has a running gateway make the plan.
func askServer(world *surroundings, server string, in otp.SendInput) (jsontext.Value, error) {
	target, err := planURL(server)
	if err != nil {
		return nil, err
	}
	key, _ := world.lookup(envKey)
	secret, _ := world.lookup(envSecret)
	if key == "" || secret == "" {
		return nil, fmt.Errorf("--server: put a key with the scope read into %s and its secret into %s", envKey, envSecret)
	}
	body, err := json.Marshal(newPlanRequest(in))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(world.ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-API-Key", key)
	req.Header.Set("X-API-Secret", secret)
	return exchange(req)
}

// planURL is where a gateway plans.
func planURL(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("--server: write the gateway's address, such as http://127.0.0.1:8080")
	}
	return u.JoinPath("v1", "otp", "plan").String(), nil
}

// exchange returns the body of a success. It follows no redirect, which might carry the secret elsewhere.
func exchange(req *http.Request) (jsontext.Value, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("--server: the gateway cannot be reached: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("--server: the answer cannot be read: %w", err)
	}
	if resp.StatusCode == http.StatusOK && jsontext.Value(body).IsValid() {
		return body, nil
	}
	var problem struct {
		Code   otp.Code
		Detail string
		Errors []otp.Field
	}
	if json.Unmarshal(body, &problem, json.MatchCaseInsensitiveNames(true)) != nil || problem.Code == "" {
		return nil, fmt.Errorf("--server: %s answers %s, as no otpgate does", req.URL.Host, resp.Status)
	}
	return nil, readable(&otp.Error{Code: problem.Code, Detail: problem.Detail, Fields: problem.Errors})
}

// readable puts a refusal with the mistakes that it names on one line.
func readable(err error) error {
	refusal, ok := errors.AsType[*otp.Error](err)
	if !ok || len(refusal.Fields) == 0 {
		return err
	}
	texts := make([]string, len(refusal.Fields))
	for i, f := range refusal.Fields {
		texts[i] = f.Field + ": " + f.Message
	}
	return errors.New(strings.Join(texts, "; "))
}
