package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func TestListPassesOnWhatIsAsked(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	fake.past.list = otp.Page[otp.Verification]{Items: []otp.Verification{pending(), ended(otp.StatusVerified)}, Next: "bmV4dA"}
	a := do(t, newApp(t, fake), get("/v1/otp/list?status=pending&channel=sms&provider=hubtel-gh&country=gh&to=%2B233201234567"+
		"&purpose=login&from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&cursor=abc&limit=7"+
		"&metadata.user_id=12345&metadata.empty="))
	if a.status != http.StatusOK || a.text(t, "next_cursor") != "bmV4dA" || len(a.json(t)["items"].([]any)) != 2 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	want := otp.ListInput{
		Status: "pending", Channel: "sms", Provider: "hubtel-gh", Country: "gh", To: "+233201234567", Purpose: "login",
		Metadata: map[string]string{"user_id": "12345", "empty": ""},
		From:     "2026-01-01T00:00:00Z", Until: "2026-02-01T00:00:00Z", Cursor: "abc", Limit: "7",
	}
	if diff := cmp.Diff([]otp.ListInput{want}, fake.past.lists); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestTheLastPageHasNoCursor(t *testing.T) {
	t.Parallel()
	app := newApp(t, &fakeOTP{})
	for _, path := range []string{"/v1/otp/list", "/v1/otp/logs"} {
		if a := do(t, app, get(path)); a.status != http.StatusOK || string(a.body) != `{"items":[]}` {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestWrongParametersOfReadsAreNamed(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{}
	app := newApp(t, fake)
	for query, want := range map[string][]string{
		"list?status=pending&status=failed": {"status"},
		"list?sttus=pending":                {"sttus"},
		"list?status=":                      {"status"},
		"list?to=&cursor=":                  {"cursor", "to"},
		"list?metadata.=x":                  {"metadata."},
		"list?metadata=x":                   {"metadata"},
		"list?metadata.a=1&metadata.a=2":    {"metadata.a"},
		"list?reference=x":                  {"reference"},
		"list?event=created":                {"event"},
		"logs?event=":                       {"event"},
		"attempts":                          {"reference"},
		"attempts?to=x":                     {"to"},
		"rate-limits?to=":                   {"to"},
		"rate-limits?reference=x":           {"reference"},
		"reports?format=xml":                {"format"},
		"reports?format=csv&format=csv":     {"format"},
		"reports?group_by=&format=pdf":      {"group_by", "format"},
		"reports?limit=3":                   {"limit"},
		"analytics?days=":                   {"days"},
		"analytics?from=x":                  {"from"},
	} {
		a := do(t, app, get("/v1/otp/"+query))
		got := fields(t, a)
		if a.status != http.StatusBadRequest || !slices.Equal(got, want) {
			t.Errorf("%s: %d %q, want %q", query, a.status, got, want)
		}
	}
	if n := fake.calls(); n != 0 {
		t.Errorf("%d use cases ran", n)
	}
}

func TestReadsNeedTheScope(t *testing.T) {
	t.Parallel()
	app := newApp(t, &fakeOTP{})
	for _, path := range []string{"list", "logs", "attempts?reference=" + reference, "rate-limits", "reports", "analytics"} {
		for key, want := range map[string]int{"only-send": 403, "only-verify": 403, "": 401} {
			if a := do(t, app, get("/v1/otp/"+path, "X-API-Key", key)); a.status != want {
				t.Errorf("%s with %q: %d", path, key, a.status)
			}
		}
	}
}

// hostile is what somebody may have put into every text that comes from outside.
const hostile = "<script>alert(1)</script>\u2028\x1b[31m=cmd()"

func TestLogsMaskRecipientsAndTellNoHandle(t *testing.T) {
	t.Parallel()
	v := pending()
	failed := v.Deliveries[0]
	failed.Class, failed.Code, failed.Rule, failed.Place, failed.Handle = "transient", hostile, "ghana-sms", 1, v.Deliveries[1].Handle
	failed.Cost = otp.Cost{Micros: 35_000, Currency: "USD"}
	base := otp.Event{
		At: now(), Reference: v.Reference, App: "shop", To: v.To, Channel: providers.SMS, Purpose: hostile, Status: otp.StatusPending,
	}
	tried, guessed, returned := base, base, base
	tried.Kind, tried.Provider, tried.Delivery = otp.EventDelivery, "sendexa", &failed
	guessed.Kind, guessed.Check = otp.EventCheck, &otp.Check{ID: "c", Counted: true, Outcome: otp.OutcomeWrong, IP: "203.0.113.7"}
	returned.Kind, returned.Check = otp.EventReturned, &otp.Check{ID: "c", Outcome: otp.OutcomeUnavailable}
	fake := &fakeOTP{}
	fake.past.logs = otp.Page[otp.Event]{Items: []otp.Event{tried, guessed, returned}}
	a := do(t, newApp(t, fake), get("/v1/otp/logs?reference="+reference+"&event=delivery"))
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, secret := range []string{"233201234567", "0201234567", "upstream-1", "secret-state", "ZDSQ", "\x1b"} {
		if strings.Contains(string(a.body), secret) {
			t.Errorf("%s is in the answer: %s", secret, a.body)
		}
	}
	items := a.json(t)["items"].([]any)
	got := items[0].(map[string]any)
	delivery := got["delivery"].(map[string]any)
	if got["to"] != "+23320***4567" || got["purpose"] != hostile || delivery["provider_code"] != hostile ||
		delivery["class"] != "transient" || delivery["took_ms"] != 812.0 || delivery["rule"] != "ghana-sms" || delivery["place"] != 1.0 {
		t.Errorf("%v", got)
	}
	if check := items[1].(map[string]any)["check"].(map[string]any); check["outcome"] != nil || check["counted"] != true {
		t.Errorf("a guess that is yet to be judged: %v", check)
	}
	if check := items[2].(map[string]any)["check"].(map[string]any); check["outcome"] != "provider_unavailable" {
		t.Errorf("a guess that was given back: %v", check)
	}
	if diff := cmp.Diff([]otp.LogsInput{{Reference: reference, Event: "delivery"}}, fake.past.events); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestHostileMetadataStaysData(t *testing.T) {
	t.Parallel()
	v := pending()
	v.Metadata, v.Purpose = map[string]string{hostile: hostile}, hostile
	fake := &fakeOTP{}
	fake.past.list = otp.Page[otp.Verification]{Items: []otp.Verification{v}}
	a := do(t, newApp(t, fake), get("/v1/otp/list?metadata."+url.QueryEscape(hostile)+"="+url.QueryEscape(hostile)))
	item := a.json(t)["items"].([]any)[0].(map[string]any)
	if item["metadata"].(map[string]any)[hostile] != hostile || item["purpose"] != hostile {
		t.Errorf("%s", a.body)
	}
	// With this type and nosniff, which every answer has, no browser takes the text for a page.
	if strings.Contains(string(a.body), "\x1b") || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("as %s: %s", a.header.Get("Content-Type"), a.body)
	}
	if got := fake.past.lists[0].Metadata; got[hostile] != hostile {
		t.Errorf("asked for %q", got)
	}
}

func TestAttemptsListEveryGuess(t *testing.T) {
	t.Parallel()
	v := ended(otp.StatusVerified)
	v.Checks = []otp.Check{
		{ID: "a", At: now(), Outcome: otp.OutcomeWrong, Counted: true, Provider: "hubtel-gh", IP: "203.0.113.7"},
		{ID: "b", At: now().Add(time.Second), Outcome: otp.OutcomeUnavailable},
		{ID: "c", At: now().Add(time.Minute), Outcome: otp.OutcomeRight, Counted: true, Provider: "hubtel-gh"},
	}
	a := do(t, newApp(t, &fakeOTP{verification: v}), get("/v1/otp/attempts?reference="+reference))
	want := `{"reference":"` + reference + `","status":"verified","attempts":1,"attempts_remaining":0,"items":[` +
		`{"at":"2026-01-15T10:20:00.000Z","outcome":"wrong_code","counted":true,"provider":"hubtel-gh","client_ip":"203.0.113.7"},` +
		`{"at":"2026-01-15T10:20:01.000Z","outcome":"provider_unavailable","counted":false},` +
		`{"at":"2026-01-15T10:21:00.000Z","outcome":"verified","counted":true,"provider":"hubtel-gh"}]}`
	if a.status != http.StatusOK || string(a.body) != want {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A wrong guess that ended nothing has no judge on record; whose code it was held against is told where there was one.
func TestAWrongGuessNamesTheOnlyProvider(t *testing.T) {
	t.Parallel()
	guess := now().Add(time.Minute)
	by := func(provider string, status otp.DeliveryStatus, at time.Time) otp.Delivery {
		return otp.Delivery{Provider: provider, Channel: providers.SMS, Status: status, At: at}
	}
	for name, test := range map[string]struct {
		deliveries []otp.Delivery
		want       any
	}{
		"the only one":       {[]otp.Delivery{by("hubtel-gh", otp.DeliverySent, now())}, "hubtel-gh"},
		"after a failover":   {[]otp.Delivery{by("a", otp.DeliveryFailed, now()), by("b", otp.DeliveryDelivered, now())}, "b"},
		"after a resend":     {[]otp.Delivery{by("a", otp.DeliverySent, now()), by("a", otp.DeliverySent, now())}, "a"},
		"before another one": {[]otp.Delivery{by("a", otp.DeliverySent, now()), by("b", otp.DeliverySent, guess.Add(1))}, "a"},
		"one of two":         {[]otp.Delivery{by("a", otp.DeliverySent, now()), by("b", otp.DeliverySent, now())}, nil},
		"perhaps one of two": {[]otp.Delivery{by("a", otp.DeliveryUnknown, now()), by("b", otp.DeliverySent, now())}, nil},
	} {
		v := ended(otp.StatusFailed)
		v.Deliveries, v.Checks = test.deliveries, []otp.Check{{ID: "a", At: guess, Outcome: otp.OutcomeWrong, Counted: true}}
		a := do(t, newApp(t, &fakeOTP{verification: v}), get("/v1/otp/attempts?reference="+reference))
		item := a.json(t)["items"].([]any)[0].(map[string]any)
		if item["provider"] != test.want {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func TestRateLimitsAreListed(t *testing.T) {
	t.Parallel()
	to := providers.NewPhone("+233201234567", "GH", "0201234567")
	fake := &fakeOTP{}
	fake.past.rates = otp.Rates{To: &to, Levels: []otp.Level{
		{Name: "app", Limit: otp.Limit{Max: 200, Window: time.Second}},
		{Name: "recipient", Limit: otp.Limit{Max: 5, Window: 10 * time.Minute}, Used: 2, ResetsAt: now().Add(time.Minute)},
	}}
	a := do(t, newApp(t, fake), get("/v1/otp/rate-limits?to=0201234567"))
	want := `{"to":"+233201234567","items":[{"name":"app","limit":"200/1s","used":0,"remaining":200},` +
		`{"name":"recipient","limit":"5/10m","used":2,"remaining":3,"resets_at":"2026-01-15T10:21:00.000Z"}]}`
	if a.status != http.StatusOK || string(a.body) != want {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a.header.Get("RateLimit") != "" {
		t.Error("a read is counted in nothing, and its answer says otherwise")
	}
}

func TestARefusedReadIsAProblem(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{err: &otp.Error{Code: otp.InvalidRequest, Fields: []otp.Field{{Field: "cursor", Message: "is wrong"}}}}
	app := newApp(t, fake)
	for _, path := range []string{"list?cursor=x", "logs", "attempts?reference=x", "rate-limits", "reports", "analytics"} {
		if a := do(t, app, get("/v1/otp/"+path)); a.status != http.StatusBadRequest || !slices.Equal(fields(t, a), []string{"cursor"}) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func FuzzReads(f *testing.F) {
	for _, seed := range []string{
		"", "status=pending&limit=3", "cursor=bDEu", "metadata.a=b", "a=1&a=2", "%zz", "from=%00", "status=%ff", ";;&&==", "limit=-1",
	} {
		f.Add(seed)
	}
	fake := &fakeOTP{verification: ended(otp.StatusVerified)}
	app := newApp(f, fake, func(o *httpapi.Options) {})
	f.Fuzz(func(t *testing.T, query string) {
		if len(query) > 4000 {
			t.Skip("longer than a request line may be")
		}
		for _, path := range []string{"list", "logs", "attempts", "rate-limits", "reports", "analytics"} {
			req := get("/v1/otp/" + path)
			req.URL.RawQuery = strings.Map(printable, query)
			req.RequestURI = req.URL.RequestURI()
			fake.forget()
			switch a := do(t, app, req); a.status {
			case http.StatusOK:
				if fake.calls() != 1 {
					t.Errorf("%s: answered without the use case", path)
				}
			case http.StatusBadRequest:
				if n := len(fields(t, a)); fake.calls() != 0 || n == 0 || n > 20 {
					t.Errorf("%s: %d calls, %s", path, fake.calls(), a.body)
				}
			default:
				t.Errorf("%s: status %d", path, a.status)
			}
		}
	})
}

// printable keeps what can stand in a request line.
func printable(r rune) rune {
	if r <= ' ' || r > '~' || r == '#' {
		return '_'
	}
	return r
}
