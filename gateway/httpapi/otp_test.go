package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const wholeSend = `{
  "to": "+233201234567", "channel": "sms", "country": "GH", "sender": "MyBrand",
  "code": {"length": 6, "alphabet": "numeric"}, "expires_in": "10m", "max_attempts": 3, "template": "login",
  "message": "Your code is {code}", "locale": "en", "purpose": "login",
  "fallback": [{"channel": "whatsapp", "after": "30s"}, {"channel": "email", "to": "ama@example.com", "after": "60s"}],
  "metadata": {"user_id": "12345"}, "client": {"ip": "203.0.113.7", "device_id": "d-1"}
}`

const pendingJSON = `{"reference":"01jtdre6ga9vqk1ce154p0jjwr","status":"pending",` +
	`"to":"+233201234567","country":"GH",` +
	`"channel":"sms","provider":"hubtel-gh","prefix":"ZDSQ","code":{"length":4,"alphabet":"numeric"},` +
	`"created_at":"2026-01-15T10:20:00.000Z","expires_at":"2026-01-15T10:30:00.000Z","attempts":0,` +
	`"attempts_remaining":3,"resends_remaining":3,"resend_at":"2026-01-15T10:20:30.000Z","ussd":{"dial":"*713*90#"},` +
	`"next":{"channel":"whatsapp","at":"2026-01-15T10:20:30.000Z"},` +
	`"deliveries":[{"provider":"sendexa","channel":"sms","status":"failed","reason":"upstream_unavailable",` +
	`"at":"2026-01-15T10:20:00.020Z","took_ms":812},` +
	`{"provider":"hubtel-gh","channel":"sms","status":"sent","at":"2026-01-15T10:20:00.833Z","took_ms":143}],` +
	`"purpose":"login","metadata":{"a":"first","cart":"9","user_id":"12345"}}`

func TestSend(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{result: otp.Result{Verification: pending()}}
	a := do(t, newApp(t, fake), post("/v1/otp/send", wholeSend))
	if a.status != http.StatusCreated || string(a.body) != pendingJSON {
		t.Errorf("status %d, %s", a.status, cmp.Diff(pendingJSON, string(a.body)))
	}
	want := otp.SendInput{
		To: "+233201234567", Channel: "sms", Country: "GH", Sender: "MyBrand", Length: new(6), Alphabet: "numeric",
		ExpiresIn: "10m", MaxAttempts: new(3), Template: "login", Message: "Your code is {code}", Locale: "en",
		Purpose: "login", Fallback: []otp.FallbackInput{
			{Channel: "whatsapp", After: "30s"}, {Channel: "email", To: "ama@example.com", After: "60s"},
		},
		Metadata: map[string]string{"user_id": "12345"}, ClientIP: "203.0.113.7", DeviceID: "d-1",
	}
	if diff := cmp.Diff([]otp.SendInput{want}, fake.sends); diff != "" {
		t.Error(diff)
	}
	if fake.apps[0].ID != "shop" {
		t.Errorf("app = %v", fake.apps[0])
	}
}

func TestSendPassesOnWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"to":"0201234567"}`, " {\"to\":\"0201234567\"}\r\n",
		`{"to":"0201234567","code":null,"max_attempts":null,"metadata":null,"fallback":null,"client":null,"sender":null}`,
	} {
		fake := &fakeOTP{result: otp.Result{Verification: pending()}}
		do(t, newApp(t, fake), post("/v1/otp/send", body))
		if diff := cmp.Diff([]otp.SendInput{{To: "0201234567"}}, fake.sends, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{result: otp.Result{Verification: pending()}}
	a := do(t, newApp(t, fake), post("/v1/otp/resend", `{"reference":"`+reference+`","channel":"whatsapp"}`))
	if a.status != http.StatusOK || string(a.body) != pendingJSON {
		t.Errorf("status %d, %s", a.status, cmp.Diff(pendingJSON, string(a.body)))
	}
	if diff := cmp.Diff([]otp.ResendInput{{Reference: reference, Channel: "whatsapp"}}, fake.resends); diff != "" {
		t.Error(diff)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{verification: ended(otp.StatusVerified)}
	a := do(t, newApp(t, fake), post("/v1/otp/verify",
		`{"reference":"`+reference+`","code":"1234","to":"+233201234567","purpose":"login","client":{"ip":"203.0.113.7"}}`))
	if a.status != http.StatusOK || a.text(t, "verified") != "true" || a.text(t, "status") != "verified" ||
		a.text(t, "verified_at") != "2026-01-15T10:21:07.412Z" || a.text(t, "reference") != reference {
		t.Errorf("status %d, %s", a.status, a.body)
	}
	want := otp.VerifyInput{
		Reference: reference, Code: "1234", To: "+233201234567", Purpose: "login", ClientIP: "203.0.113.7",
	}
	if diff := cmp.Diff([]otp.VerifyInput{want}, fake.verifies); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyAnswers200ForNothingButVerified(t *testing.T) {
	t.Parallel()
	for _, v := range []otp.Verification{
		{}, pending(), ended(otp.StatusExpired), ended(otp.StatusFailed), ended(otp.StatusCanceled),
	} {
		a := do(t, newApp(t, &fakeOTP{verification: v}), post("/v1/otp/verify", `{"reference":"r","code":"1234"}`))
		if a.status != http.StatusInternalServerError {
			t.Errorf("%q: status %d", v.Status, a.status)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{verification: ended(otp.StatusCanceled)}
	a := do(t, newApp(t, fake), post("/v1/otp/cancel", `{"reference":"`+reference+`"}`))
	if a.status != http.StatusOK || a.text(t, "status") != "canceled" {
		t.Errorf("status %d, %s", a.status, a.body)
	}
	if diff := cmp.Diff([]string{reference}, fake.cancels); diff != "" {
		t.Error(diff)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, query string
		want        otp.StatusInput
	}{
		{"by reference", "reference=" + reference, otp.StatusInput{Reference: reference}},
		{
			"by what the provider calls it", "provider=zend&provider_reference=a%20b",
			otp.StatusInput{Provider: "zend", ProviderReference: "a b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{verification: ended(otp.StatusExpired)}
			a := do(t, newApp(t, fake), get("/v1/otp/status?"+tt.query))
			if a.status != http.StatusOK || a.text(t, "status") != "expired" {
				t.Errorf("status %d, %s", a.status, a.body)
			}
			if diff := cmp.Diff([]otp.StatusInput{tt.want}, fake.statuses); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Who lost the answer of a verify finds out when it was.
func TestStatusTellsWhenItWasVerified(t *testing.T) {
	t.Parallel()
	for status, want := range map[otp.Status]any{
		otp.StatusVerified: "2026-01-15T10:21:07.412Z", otp.StatusExpired: nil, otp.StatusCanceled: nil, otp.StatusFailed: nil,
	} {
		a := do(t, newApp(t, &fakeOTP{verification: ended(status)}), get("/v1/otp/status?reference="+reference))
		if got := a.json(t)["verified_at"]; got != want {
			t.Errorf("%s: %v", status, got)
		}
	}
}

func TestStatusRefusesAnUnclearQuery(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, query, field string }{
		{"nothing", "", "reference"},
		{"an empty reference", "reference=", "reference"},
		{"both ways at once", "reference=r&provider=p&provider_reference=x", "reference"},
		{"a provider without its reference", "provider=p", "provider_reference"},
		{"a provider's reference without provider", "provider_reference=x", "provider"},
		{"an unknown parameter", "reference=r&code=1234", "code"},
		{"a parameter twice", "reference=r&reference=s", "reference"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &fakeOTP{}
			a := do(t, newApp(t, fake), get("/v1/otp/status?"+tt.query))
			if a.status != http.StatusBadRequest || len(fake.statuses) > 0 {
				t.Fatalf("status %d, asked %v", a.status, fake.statuses)
			}
			if got := fields(t, a); !cmp.Equal(got, []string{tt.field}) {
				t.Errorf("fields %q, want %q", got, tt.field)
			}
		})
	}
}

func TestHeadAnswersLikeGetWithoutBody(t *testing.T) {
	t.Parallel()
	req := get("/v1/otp/status?reference=" + reference)
	req.Method = http.MethodHead
	resp, err := newApp(t, &fakeOTP{verification: pending()}).Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(pendingJSON)) {
		t.Errorf("status %d, length %d", resp.StatusCode, resp.ContentLength)
	}
}

// TestVerificationTellsOfTheLiveCode states which delivery an answer describes.
func TestVerificationTellsOfTheLiveCode(t *testing.T) {
	t.Parallel()
	delivery := func(provider string, status otp.DeliveryStatus, checkable bool) otp.Delivery {
		return otp.Delivery{
			Provider: provider, Channel: providers.SMS, Status: status, Checkable: checkable, USSD: "*" + provider + "#",
			Handle: providers.Handle{Prefix: "P" + provider},
		}
	}
	tests := []struct {
		name       string
		deliveries []otp.Delivery
		want       string
	}{
		{"no delivery", nil, ""},
		{"none was taken", []otp.Delivery{delivery("a", otp.DeliveryFailed, false)}, ""},
		{"the newest that was taken", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliveryDelivered, true),
		}, "b"},
		{"a failed try after it changes nothing", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliveryFailed, false),
		}, "a"},
		{"unknown counts when it can be checked", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliveryUnknown, true),
		}, "b"},
		{"unknown does not count when it cannot be checked", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliveryUnknown, false),
		}, "a"},
		{"undelivered is no longer taken", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliveryUndelivered, true),
		}, "a"},
		{"a live code goes before a dead one", []otp.Delivery{
			delivery("a", otp.DeliverySent, true), delivery("b", otp.DeliverySent, false),
		}, "a"},
		{"when all are dead, the newest", []otp.Delivery{
			delivery("a", otp.DeliverySent, false), delivery("b", otp.DeliverySent, false),
			delivery("c", otp.DeliveryUnknown, false),
		}, "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := pending()
			v.Deliveries = tt.deliveries
			a := do(t, newApp(t, &fakeOTP{verification: v}), get("/v1/otp/status?reference="+reference))
			if a.text(t, "provider") != tt.want {
				t.Errorf("provider %q, want %q", a.text(t, "provider"), tt.want)
			}
			if tt.want == "" {
				if a.text(t, "prefix") != "" || a.text(t, "ussd") != "" {
					t.Errorf("a prefix or dial string of nobody: %s", a.body)
				}
				return
			}
			if a.text(t, "prefix") != "P"+tt.want || a.text(t, "ussd") != "map[dial:*"+tt.want+"#]" {
				t.Errorf("prefix or dial string of another delivery: %s", a.body)
			}
		})
	}
}

func TestVerificationLeavesOutWhatThereIsNot(t *testing.T) {
	t.Parallel()
	bare := otp.Verification{
		Reference: reference, To: providers.NewEmail("ama@example.com"), Channel: providers.Email,
		Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric}, Status: otp.StatusFailed,
		CreatedAt: now(), ExpiresAt: now().In(time.FixedZone("east", 3600)), MaxResends: 3, ResendAt: now(),
	}
	a := do(t, newApp(t, &fakeOTP{verification: bare}), get("/v1/otp/status?reference="+reference))
	want := `{"reference":"01jtdre6ga9vqk1ce154p0jjwr","status":"failed","to":"ama@example.com","channel":"email",` +
		`"code":{"length":6,"alphabet":"numeric"},"created_at":"2026-01-15T10:20:00.000Z",` +
		`"expires_at":"2026-01-15T10:20:00.000Z","attempts":0,"attempts_remaining":0,"resends_remaining":0,"deliveries":[]}`
	if string(a.body) != want {
		t.Error(cmp.Diff(want, string(a.body)))
	}
}

func TestWhatWasGrantedGoesBeforeTheWish(t *testing.T) {
	t.Parallel()
	for granted, want := range map[providers.Granted]string{
		{}:                                 "map[alphabet:numeric length:6]",
		{Length: 4}:                        "map[alphabet:numeric length:4]",
		{Alphabet: providers.Alphanumeric}: "map[alphabet:alphanumeric length:6]",
	} {
		v := pending()
		v.Deliveries[1].Handle.Granted = granted
		a := do(t, newApp(t, &fakeOTP{verification: v}), get("/v1/otp/status?reference="+reference))
		if got := a.text(t, "code"); got != want {
			t.Errorf("granted %+v: code %s, want %s", granted, got, want)
		}
	}
}

func TestTextThatIsNotUTF8DoesNotBreakAnAnswer(t *testing.T) {
	t.Parallel()
	v := pending()
	v.Deliveries[1].Handle.Prefix = "A\xffB"
	a := do(t, newApp(t, &fakeOTP{result: otp.Result{Verification: v}}), post("/v1/otp/send", `{"to":"x"}`))
	if a.status != http.StatusCreated || a.text(t, "prefix") != "A\uFFFDB" {
		t.Errorf("status %d, %s", a.status, a.body)
	}
}

// fields are those that a problem names.
func fields(t testing.TB, a answer) []string {
	t.Helper()
	list, _ := a.json(t)["errors"].([]any)
	var names []string
	for _, e := range list {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return names
}
