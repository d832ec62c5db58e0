package httpapi_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const (
	shopKey, shopSecret = "shop-key", "canary-secret-8f2a"
	signingSecret       = "canary-secret-that-signs-tokens-8f2a"
	reference           = "01jtdre6ga9vqk1ce154p0jjwr"
)

func now() time.Time { return time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC) }

// fakeOTP answers as it is told and remembers what it was asked.
type fakeOTP struct {
	result       otp.Result
	verification otp.Verification
	preview      otp.Preview
	screen       otp.Screen
	speech       otp.Speech
	past         fakeReads
	err          error
	during       func(ctx context.Context) // runs inside every call; nil: nothing

	mu       sync.Mutex
	apps     []*apps.App
	sends    []otp.SendInput
	resends  []otp.ResendInput
	verifies []otp.VerifyInput
	cancels  []string
	statuses []otp.StatusInput
	plans    []otp.SendInput
	dials    []otp.DialInput
	readOuts []otp.CallInput
	reports  []told
}

// told is what a callback told of a provider's deliveries.
type told struct {
	Provider string
	Reports  []providers.Report
}

func (f *fakeOTP) asked(ctx context.Context, app *apps.App, note func()) {
	f.mu.Lock()
	f.apps = append(f.apps, app)
	note()
	f.mu.Unlock()
	if f.during != nil {
		f.during(ctx)
	}
}

func (f *fakeOTP) Send(ctx context.Context, app *apps.App, in otp.SendInput) (*otp.Result, error) {
	f.asked(ctx, app, func() { f.sends = append(f.sends, in) })
	return &f.result, f.err
}

func (f *fakeOTP) Resend(ctx context.Context, app *apps.App, in otp.ResendInput) (*otp.Result, error) {
	f.asked(ctx, app, func() { f.resends = append(f.resends, in) })
	return &f.result, f.err
}

func (f *fakeOTP) Verify(ctx context.Context, app *apps.App, in otp.VerifyInput) (otp.Verification, error) {
	f.asked(ctx, app, func() { f.verifies = append(f.verifies, in) })
	return f.verification, f.err
}

func (f *fakeOTP) Cancel(ctx context.Context, app *apps.App, reference string) (otp.Verification, error) {
	f.asked(ctx, app, func() { f.cancels = append(f.cancels, reference) })
	return f.verification, f.err
}

func (f *fakeOTP) Status(ctx context.Context, app *apps.App, in otp.StatusInput) (otp.Verification, error) {
	f.asked(ctx, app, func() { f.statuses = append(f.statuses, in) })
	return f.verification, f.err
}

func (f *fakeOTP) Plan(ctx context.Context, app *apps.App, in otp.SendInput) (otp.Preview, error) {
	f.asked(ctx, app, func() { f.plans = append(f.plans, in) })
	return f.preview, f.err
}

func (f *fakeOTP) Dial(ctx context.Context, in otp.DialInput) (otp.Screen, error) {
	f.asked(ctx, nil, func() { f.dials = append(f.dials, in) })
	return f.screen, f.err
}

func (f *fakeOTP) ReadOut(ctx context.Context, in otp.CallInput) (otp.Speech, error) {
	f.asked(ctx, nil, func() { f.readOuts = append(f.readOuts, in) })
	return f.speech, f.err
}

func (f *fakeOTP) Report(ctx context.Context, provider string, reports []providers.Report) error {
	f.asked(ctx, nil, func() { f.reports = append(f.reports, told{provider, reports}) })
	return f.err
}

func (f *fakeOTP) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.apps)
}

// forget drops what was asked.
func (f *fakeOTP) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apps, f.sends, f.resends, f.verifies, f.cancels, f.statuses = nil, nil, nil, nil, nil, nil
	f.plans, f.dials, f.readOuts, f.reports = nil, nil, nil, nil
}

// shop is the app behind [shopKey].
func shop() *apps.App { return &apps.App{ID: "shop", Name: "Shop"} }

// newKeyring holds a key of the shop with every scope but admin, and for each scope one that has it alone; one that may
// read and signs tokens, and one that is good in 10.0.0.0/8 alone.
func newKeyring(t testing.TB, app *apps.App) *apps.Keyring {
	t.Helper()
	secrets := []apps.SecretHash{{SHA256: sha256.Sum256([]byte(shopSecret))}}
	keys := []apps.Key{{
		ID: shopKey, App: app, Secrets: secrets, Scopes: []apps.Scope{apps.ScopeSend, apps.ScopeVerify, apps.ScopeRead},
	}}
	for _, s := range apps.Scopes() {
		keys = append(keys, apps.Key{ID: "only-" + string(s), App: app, Secrets: secrets, Scopes: []apps.Scope{s}})
	}
	trust, err := apps.TrustSecret(providers.NewSecret(signingSecret))
	if err != nil {
		t.Fatal(err)
	}
	read := []apps.Scope{apps.ScopeRead}
	keys = append(keys, apps.Key{ID: "signing", App: app, Trust: trust, Scopes: read}, apps.Key{
		ID: "near", App: app, Secrets: secrets, Scopes: read, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	ring, err := apps.NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// newApp makes the API in front of fake. Each change is made to the options before.
func newApp(t testing.TB, fake *fakeOTP, changes ...func(*httpapi.Options)) *fiber.App {
	t.Helper()
	snapshot := httpapi.Snapshot{OTP: fake, Keyring: newKeyring(t, shop()), RequestTimeout: 10 * time.Second}
	o := httpapi.Options{
		Snapshot: func() httpapi.Snapshot { return snapshot },
		Ready:    func(context.Context) error { return nil },
		Log:      slog.New(slog.DiscardHandler),
		Now:      now,
	}
	for _, change := range changes {
		change(&o)
	}
	return httpapi.New(o)
}

// post makes a request of the shop with a JSON body. headers change what it sends, as [with] does.
func post(path, body string, headers ...string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	with(req, "Content-Type", "application/json", "X-API-Key", shopKey, "X-API-Secret", shopSecret)
	return with(req, headers...)
}

// get makes a request of the shop.
func get(path string, headers ...string) *http.Request {
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	return with(with(req, "X-API-Key", shopKey, "X-API-Secret", shopSecret), headers...)
}

// with sets headers, given as names and values in turn, in place of those that req had. A name that stands twice is
// sent twice; an empty value takes a header away.
func with(req *http.Request, headers ...string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			req.Header.Add(headers[i], headers[i+1])
		}
	}
	return req
}

// anonymous takes the shop's credentials away.
func anonymous(req *http.Request) *http.Request {
	return with(req, "X-API-Key", "", "X-API-Secret", "")
}

// pending is a verification after a failover, as the contract shows it.
func pending() otp.Verification {
	at := now()
	return otp.Verification{
		Reference: reference, App: "shop", To: providers.NewPhone("+233201234567", "GH", "0201234567"),
		Channel: providers.SMS, Purpose: "login", Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric},
		Metadata: map[string]string{"user_id": "12345", "cart": "9", "a": "first"},
		Status:   otp.StatusPending, CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute),
		MaxAttempts: 3, MaxResends: 3, ResendAfter: 30 * time.Second, ResendAt: at.Add(30 * time.Second),
		Deliveries: []otp.Delivery{
			{
				ID: "d1", Provider: "sendexa", Channel: providers.SMS, Status: otp.DeliveryFailed, Reason: "upstream_unavailable",
				At: at.Add(20 * time.Millisecond), Took: 812 * time.Millisecond,
			},
			{
				ID: "d2", Provider: "hubtel-gh", Channel: providers.SMS, Status: otp.DeliverySent,
				At: at.Add(833 * time.Millisecond), Took: 143 * time.Millisecond, USSD: "*713*90#", Checkable: true,
				ExpiresAt: at.Add(10 * time.Minute),
				Handle: providers.Handle{
					UpstreamID: "upstream-1", Prefix: "ZDSQ", State: []byte("secret-state"),
					Granted: providers.Granted{Length: 4, Alphabet: providers.Numeric},
				},
			},
		},
		Next: otp.Schedule{
			Steps: []otp.Step{{Channel: providers.WhatsApp, After: 30 * time.Second}}, At: at.Add(30 * time.Second),
		},
	}
}

func ended(status otp.Status) otp.Verification {
	v := pending()
	v.Status, v.EndedAt, v.Attempts, v.Next = status, now().Add(67412*time.Millisecond), 1, otp.Schedule{}
	return v
}
