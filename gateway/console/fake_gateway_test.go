package console_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/console"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// fakeGateway stands in for a running gateway.
type fakeGateway struct {
	mu     sync.Mutex
	calls  uint64 // grows, so that a page can be seen to follow
	past   *fakeHistory
	reload *console.Reload
	fails  error
}

func (g *fakeGateway) Apps() []string { return []string{"bank", "shop"} }

func (g *fakeGateway) Providers() []console.Provider {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	spot := func(name string, channel providers.Channel) routing.Spot {
		return routing.Spot{Provider: name, Channel: channel}
	}
	info := func(name, kind string, coverage ...providers.Coverage) providers.Info {
		return providers.Info{Name: name, Kind: kind, Coverage: coverage}
	}
	return []console.Provider{
		{
			Info: info("hubtel-gh", "hubtel", providers.Coverage{Channel: providers.SMS, Countries: providers.Countries{"GH"}}),
			Readings: []routing.Reading{{
				Spot: spot("hubtel-gh", providers.SMS), State: routing.Open, OpensUntil: noon().Add(12 * time.Second), Calls: 410 + g.calls,
				SuccessRate: 0.412, P50: 2140 * time.Millisecond, P95: 4990 * time.Millisecond, InFlight: 3, MaxInFlight: 500,
				PerSecond: 50, Tokens: -3, Price: routing.Price{Amount: 0.035, Currency: "USD"}, Priced: true,
			}},
			Failures: map[providers.Channel]console.Failure{
				providers.SMS: {At: noon().Add(-9 * time.Second), Op: "send", Class: "transient", Code: "503"},
			},
		},
		{Info: info("inhouse", "inhouse", providers.Coverage{Channel: providers.SMS}, providers.Coverage{Channel: providers.Email}),
			Readings: []routing.Reading{
				{Spot: spot("inhouse", providers.Email), State: routing.Closed, Calls: 88, SuccessRate: 1, P50: 61 * time.Millisecond,
					P95: 140 * time.Millisecond, MaxInFlight: 500},
				{Spot: spot("inhouse", providers.SMS), State: routing.Closed, MaxInFlight: 500},
			}},
		{
			Info: info("zend", "zend",
				providers.Coverage{Channel: providers.SMS, Countries: providers.Countries{"GH", "NG", "KE", "ZA", "CI"}},
				providers.Coverage{Channel: providers.WhatsApp}),
			Readings: []routing.Reading{
				{Spot: spot("zend", providers.SMS), State: routing.HalfOpen, Calls: 1290, SuccessRate: 0.9876, P50: 320 * time.Millisecond,
					P95: 910 * time.Millisecond, InFlight: 14, MaxInFlight: 200,
					Price: routing.Price{Amount: 0.03, Currency: "USD"}, Priced: true},
				{Spot: spot("zend", providers.WhatsApp), State: routing.Closed, CoolingUntil: noon().Add(40 * time.Second), Calls: 57,
					SuccessRate: 0.93, P50: 410 * time.Millisecond, P95: 1200 * time.Millisecond, InFlight: 14, MaxInFlight: 200},
			},
			Failures: map[providers.Channel]console.Failure{
				providers.WhatsApp: {At: noon().Add(-3 * time.Minute), Op: "send", Class: "throttled", Code: hostile},
			},
		},
	}
}

func (g *fakeGateway) Verification(_ context.Context, ref otp.Reference) (otp.Verification, error) {
	for _, v := range g.past.all {
		if v.Reference == ref {
			return v.At(noon()), nil
		}
	}
	return otp.Verification{}, &otp.Error{Code: otp.NotFound, Detail: "there is no such verification"}
}

func (g *fakeGateway) Recipient(text string) (providers.Recipient, error) {
	if text != ghanaian {
		return providers.Recipient{}, fmt.Errorf("no such number is possible")
	}
	return providers.NewPhone(ghanaian, "GH", "0201234567"), nil
}

func (g *fakeGateway) Plan(_ context.Context, app string, in otp.SendInput) (otp.Preview, error) {
	if in.To != ghanaian {
		return otp.Preview{}, &otp.Error{Code: otp.InvalidRequest, Detail: "the request has mistakes", Fields: []otp.Field{
			{Field: "to", Message: "no such number is possible"}, {Field: "app", Message: app + " was asked"},
		}}
	}
	to := providers.NewPhone(ghanaian, "GH", "0201234567")
	sizes := map[string]otp.Size{"inhouse": {Segments: 1}}
	levels, _ := g.Levels(context.Background(), app, in.To)
	return otp.Preview{
		To: to, Channel: providers.WhatsApp, Expiry: 5 * time.Minute, Limits: levels,
		Steps: []otp.PreviewStep{
			{Channel: providers.WhatsApp, To: to, Plan: routing.Plan{
				Matched: true, Rule: "ghana-whatsapp", Line: 71, Strategy: routing.Weighted, Deadline: 8 * time.Second,
				Places: []routing.Place{{
					Spot: routing.Spot{Provider: "zend"}, Number: 1, Reason: routing.ByWeight, Weight: 80, State: routing.Closed,
					Price: routing.Price{Amount: 0.02, Currency: "USD"}, Priced: true, Limited: true,
				}},
				Excluded: []routing.Exclusion{{
					Spot: routing.Spot{Provider: "airtexts"}, Until: noon().Add(time.Minute),
					Why: "it asked to be left alone for longer than this request can wait",
				}},
			}},
			{Channel: providers.SMS, To: to, After: 30 * time.Second, Sizes: sizes, Plan: routing.Plan{
				Matched: true, Rule: "ghana-sms", Line: 64, Strategy: routing.Priority, Deadline: 8 * time.Second,
				Places: []routing.Place{
					{Spot: routing.Spot{Provider: "zend"}, Number: 1, Listed: 2, Reason: routing.ByOrder, State: routing.HalfOpen},
					{Spot: routing.Spot{Provider: "inhouse"}, Number: 2, Listed: 3, Reason: routing.ByOrder, State: routing.Closed,
						Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric}},
				},
				Excluded: []routing.Exclusion{{
					Spot: routing.Spot{Provider: "hubtel-gh"}, Until: noon().Add(12 * time.Second), Why: "its breaker is open after failures",
				}},
			}},
			{Channel: providers.Voice, To: to, After: 10 * time.Minute, Dropped: true},
		},
	}, nil
}

func (g *fakeGateway) Levels(_ context.Context, app, to string) ([]otp.Level, error) {
	if to != ghanaian {
		return nil, &otp.Error{Code: otp.InvalidRequest, Detail: "no such number is possible, " + app}
	}
	return []otp.Level{
		{Name: "recipient", Limit: otp.Limit{Max: 5, Window: 10 * time.Minute}, Used: 5, ResetsAt: noon().Add(3 * time.Minute)},
		{Name: "recipient", Limit: otp.Limit{Max: 20, Window: 24 * time.Hour}, Used: 9, ResetsAt: noon().Add(7 * time.Hour)},
		{Name: "app", Limit: otp.Limit{Max: 200, Window: time.Second}},
		{Name: "recipient_failures", Limit: otp.Limit{Max: 20, Window: 24 * time.Hour}, Used: 17, ResetsAt: noon().Add(2 * time.Hour)},
	}, nil
}

func (g *fakeGateway) Configuration() (console.Configuration, error) {
	const text = "server:\n  listen: 127.0.0.1:8080\n  request_timeout: 10s\n" + "console:\n  listen: 127.0.0.1:8081\n  token: '[secret]'\n" +
		"apps:\n  shop:\n    name: Shop\n    keys:\n      - id: shop-key\n        secret_sha256: '[secret]'\n" +
		"        scopes:\n          - send\n          - verify\n" +
		"templates:\n  login:\n    en: '{code} is your {app} code. It expires in {amount} {duration}. Do not share it with " +
		"anybody, whoever asks for it.'\n" +
		"    hostile: \"<script>alert(1)</script>\"\n"
	return console.Configuration{Text: []byte(text), LoadedAt: noon().Add(-26 * time.Hour), Reload: g.reload}, g.fails
}

// fakeInbox is what phones received.
type fakeInbox []console.Message

func (i fakeInbox) Messages(to string) []console.Message {
	var found []console.Message
	for _, m := range i {
		if strings.HasPrefix(m.To, to) {
			found = append(found, m)
		}
	}
	return found
}

func delivered() fakeInbox {
	return fakeInbox{
		{noon().Add(-4 * time.Second), ghanaian, providers.SMS, "Demo",
			"ZDSQ-4821 is your Demo code. It expires in 5 minutes.", "hubtel"},
		{noon().Add(-50 * time.Second), "ama.mensah@example.com", providers.Email, "Demo <no-reply@demo.example>",
			"482915 is your Demo code.\n\nIt expires in 5 minutes. If you did not ask for it, ignore this message.", "console"},
		{noon().Add(-2 * time.Hour), "+2348031234567", providers.WhatsApp, hostile, hostile, "zend"},
	}
}
