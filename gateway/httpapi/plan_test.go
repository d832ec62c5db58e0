package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// preview is one with everything in it that a plan can tell.
func preview() otp.Preview {
	to := providers.NewPhone("+233201234567", "GH", "0201234567")
	spot := func(provider string) routing.Spot { return routing.Spot{Provider: provider, Channel: providers.SMS} }
	return otp.Preview{
		To: to, Channel: providers.SMS, Expiry: 10 * time.Minute,
		Steps: []otp.PreviewStep{
			{
				Channel: providers.SMS, To: to,
				Plan: routing.Plan{
					Matched: true, Rule: "ghana", Line: 41, Strategy: routing.Cheapest, Deadline: 8 * time.Second,
					Places: []routing.Place{
						{
							Spot: spot("sendexa"), Number: 1, Reason: routing.ByPrice, State: routing.Closed,
							Price: routing.Price{Amount: 0.035, Currency: "USD"}, Priced: true,
							Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric},
						},
						{
							Spot: spot("hubtel-gh"), Number: 2, Listed: 1, Reason: routing.CoolingDown, State: routing.HalfOpen,
							Limited: true, CoolTo: now().Add(time.Second), USSD: "*713*90#",
						},
					},
					Excluded: []routing.Exclusion{
						{Spot: spot("hisend"), Reason: routing.NoCountry, Why: "it covers NG only"},
						{Spot: spot("zend"), Reason: routing.BreakerOpen, Why: "its breaker is open", Until: now().Add(time.Minute)},
					},
				},
			},
			{
				Channel: providers.SMS, To: to, Plan: routing.Plan{
					Matched: true, Rule: "own", Line: 44, Strategy: routing.Priority, Deadline: 8 * time.Second,
					Places: []routing.Place{
						{Spot: spot("own"), Number: 1, Reason: routing.ByOrder, Listed: 1, State: routing.Closed},
						{Spot: spot("zend"), Number: 2, Reason: routing.ByOrder, Listed: 2, State: routing.Closed},
					},
				},
				Sizes: map[string]otp.Size{"own": {Segments: 2, Encoding: "ucs2"}},
			},
			{Channel: providers.WhatsApp, To: to, After: 30 * time.Second, Plan: routing.Plan{Deadline: routing.DefaultDeadline}},
			{Channel: providers.Email, To: providers.NewEmail("ama@example.com"), After: 11 * time.Minute, Dropped: true},
		},
		Limits: []otp.Level{
			{Name: "recipient", Limit: otp.Limit{Max: 5, Window: 10 * time.Minute}, Used: 5, ResetsAt: now().Add(time.Minute)},
			{Name: "app", Limit: otp.Limit{Max: 200, Window: time.Second}},
		},
	}
}

const planJSON = `{"to":"+233201234567","country":"GH","channel":"sms","expires_in":"10m","steps":[` +
	`{"channel":"sms","to":"+233201234567","after":"0s","rule":"ghana","line":41,"strategy":"cheapest","deadline":"8s",` +
	`"candidates":[{"place":1,"provider":"sendexa","reason":"price","why":"costs 0.035 USD","breaker":"closed",` +
	`"limited":false,"price":{"amount":0.035,"currency":"USD"},"code":{"length":6,"alphabet":"numeric"}},` +
	`{"place":2,"provider":"hubtel-gh","reason":"cooling_down","why":"it asked to be left alone until 10:20:01 UTC",` +
	`"breaker":"half_open","limited":true,"cooling_until":"2026-01-15T10:20:01.000Z","code":{},"ussd":{"dial":"*713*90#"}}],` +
	`"excluded":[{"provider":"hisend","reason":"country","why":"it covers NG only"},` +
	`{"provider":"zend","reason":"breaker_open","why":"its breaker is open","until":"2026-01-15T10:21:00.000Z"}],` +
	`"dropped":false},` +
	`{"channel":"sms","to":"+233201234567","after":"0s","rule":"own","line":44,"strategy":"priority","deadline":"8s",` +
	`"candidates":[{"place":1,"provider":"own","reason":"order","why":"number 1 of the rule's list","breaker":"closed",` +
	`"limited":false,"code":{},"message":{"segments":2,"encoding":"ucs2"}},` +
	`{"place":2,"provider":"zend","reason":"order","why":"number 2 of the rule's list","breaker":"closed",` +
	`"limited":false,"code":{}}],"excluded":[],"dropped":false},` +
	`{"channel":"whatsapp","to":"+233201234567","after":"30s","candidates":[],"excluded":[],"dropped":false},` +
	`{"channel":"email","to":"ama@example.com","after":"11m","candidates":[],"excluded":[],"dropped":true}],` +
	`"limits":[{"name":"recipient","limit":"5/10m","used":5,"remaining":0,"resets_at":"2026-01-15T10:21:00.000Z"},` +
	`{"name":"app","limit":"200/1s","used":0,"remaining":200}]}`

func TestPlan(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{preview: preview()}
	a := do(t, newApp(t, fake), post("/v1/otp/plan", wholeSend, "X-API-Key", "only-send", "Idempotency-Key", "k"))
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if diff := cmp.Diff(planJSON, string(a.body)); diff != "" {
		t.Error(diff)
	}
	sent := &fakeOTP{result: otp.Result{Verification: pending()}}
	do(t, newApp(t, sent), post("/v1/otp/send", wholeSend))
	if diff := cmp.Diff(sent.sends, fake.plans); diff != "" || len(fake.sends) != 0 {
		t.Errorf("the use case was asked otherwise than send is:\n%s", diff)
	}
}

func TestPlanThatIsRefused(t *testing.T) {
	t.Parallel()
	unknown := errors.New("disk full")
	for name, test := range map[string]struct {
		err    error
		req    *http.Request
		status int
	}{
		"a mistake":             {&otp.Error{Code: otp.InvalidRequest}, post("/v1/otp/plan", `{"to":"x"}`), 400},
		"an unknown member":     {nil, post("/v1/otp/plan", `{"too":"x"}`), 400},
		"a stranger":            {nil, anonymous(post("/v1/otp/plan", `{"to":"x"}`)), 401},
		"a key without send":    {nil, post("/v1/otp/plan", `{"to":"x"}`, "X-API-Key", "only-read"), 403},
		"text":                  {nil, post("/v1/otp/plan", `{"to":"x"}`, "Content-Type", "text/plain"), 415},
		"a fault of ours":       {unknown, post("/v1/otp/plan", `{"to":"x"}`), 500},
		"a store that is down":  {&otp.Error{Code: otp.StoreUnavailable}, post("/v1/otp/plan", `{"to":"x"}`), 503},
		"a query parameter":     {nil, post("/v1/otp/plan?to=x", `{"to":"x"}`), 400},
		"a method that is none": {nil, get("/v1/otp/plan"), 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a := do(t, newApp(t, &fakeOTP{err: test.err}), test.req); a.status != test.status {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
}

// status is a list of providers as a gateway gives it.
type status []httpapi.ProviderStatus

func (s status) Providers() []httpapi.ProviderStatus { return s }

func withProviders(s status) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		snapshot := o.Snapshot()
		snapshot.Providers = s
		o.Snapshot = func() httpapi.Snapshot { return snapshot }
	}
}

func TestProviders(t *testing.T) {
	t.Parallel()
	hubtel, own := routing.Spot{Provider: "hubtel-gh", Channel: providers.SMS}, routing.Spot{Provider: "own", Channel: providers.Email}
	all := status{
		{
			Info: providers.Info{Name: "hubtel-gh", Kind: "hubtel", USSD: "*713*90#", Coverage: []providers.Coverage{{
				Channel: providers.SMS, Countries: providers.Countries{"GH"}, Length: providers.Range[int]{Min: 4, Max: 4},
				Alphabets: []providers.Alphabet{providers.Numeric},
			}}},
			Readings: []routing.Reading{{
				Spot: hubtel, State: routing.Open, OpensUntil: now().Add(time.Second), CoolingUntil: now().Add(time.Minute),
				InFlight: 3, MaxInFlight: 500, Calls: 200, SuccessRate: 0.25, P50: 143 * time.Millisecond, P95: 480 * time.Millisecond,
				Price: routing.Price{Amount: 0.035, Currency: "USD"}, Priced: true,
			}},
		},
		{
			Info: providers.Info{Name: "own", Kind: "inhouse", Coverage: []providers.Coverage{{
				Channel: providers.Email, Expiry: providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
			}}},
			Readings: []routing.Reading{{Spot: own, State: routing.Closed}},
		},
	}
	const want = `{"items":[{"name":"hubtel-gh","kind":"hubtel","channels":[{"channel":"sms","countries":["GH"],` +
		`"length":{"min":4,"max":4},"alphabets":["numeric"],"breaker":"open","open_until":"2026-01-15T10:20:01.000Z",` +
		`"cooling_until":"2026-01-15T10:21:00.000Z","calls":200,"success_rate":0.25,"p50_ms":143,"p95_ms":480,` +
		`"in_flight":3,"max_in_flight":500,"price":{"amount":0.035,"currency":"USD"}}],"ussd":{"dial":"*713*90#"}},` +
		`{"name":"own","kind":"inhouse","channels":[{"channel":"email","countries":[],"alphabets":[],` +
		`"expires_in":{"min":"1m","max":"24h"},"breaker":"closed","calls":0,"p50_ms":0,"p95_ms":0,"in_flight":0}]}]}`
	app := newApp(t, &fakeOTP{}, withProviders(all))
	a := do(t, app, get("/v1/providers", "X-API-Key", "only-read"))
	if diff := cmp.Diff(want, string(a.body)); diff != "" || a.status != http.StatusOK {
		t.Errorf("status %d\n%s", a.status, diff)
	}
	for want, req := range map[int]*http.Request{
		http.StatusBadRequest:   get("/v1/providers?kind=x"),
		http.StatusUnauthorized: anonymous(get("/v1/providers")),
		http.StatusForbidden:    get("/v1/providers", "X-API-Key", "only-"+string(apps.ScopeSend)),
	} {
		if a := do(t, app, req); a.status != want {
			t.Errorf("status %d, want %d", a.status, want)
		}
	}
	if a := do(t, newApp(t, &fakeOTP{}, withProviders(nil)), get("/v1/providers")); string(a.body) != `{"items":[]}` {
		t.Errorf("%s", a.body)
	}
}

// The contract knows every limit that a send can be counted in.
func TestPlanNamesEveryLimit(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"recipient", "app", "ip", "country"} {
		p := preview()
		p.Limits = []otp.Level{{Name: name, Limit: otp.Limit{Max: 5, Window: time.Minute}}}
		a := do(t, newApp(t, &fakeOTP{preview: p}), post("/v1/otp/plan", `{"to":"+233201234567"}`))
		if a.status != http.StatusOK || !strings.Contains(string(a.body), `"name":"`+name+`"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
