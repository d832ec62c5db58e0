package otp_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func TestRecordKeepsEverything(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_800_000_000_123).UTC()
	to := providers.NewPhone("+233201234567", "GH", "0201234567")
	v := otp.Verification{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", App: "shop", To: to, Channel: providers.SMS, Purpose: "login",
		Wish:   providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: time.Minute, Attempts: 3},
		Hard:   otp.HardWish{Length: true, Alphabet: true, Message: true},
		Sender: "Shop", Message: "{code}", Messages: map[providers.Channel]string{providers.Email: "Hello, {code}"},
		Ending: providers.Ending{DoNotShare: true, Android: "FA+9qCX9VSu", WebOTP: "example.com"},
		Locale: "en", Metadata: map[string]string{"a": "b"}, ClientIP: "203.0.113.7", Key: "k", Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Status: otp.StatusVerified, CreatedAt: at, ExpiresAt: at.Add(time.Minute), EndedAt: at.Add(time.Second),
		MaxAttempts: 3, Attempts: 1, MaxResends: 2, Resends: 1, ResendAfter: time.Second, ResendAt: at.Add(time.Second),
		Deliveries: []otp.Delivery{{
			ID: "d", Provider: "hubtel", Channel: providers.SMS, To: to, Status: otp.DeliverySent, Reason: "r", Class: "c", Code: "0",
			At: at, Took: time.Millisecond, Rule: "rule", Place: 1, USSD: "*713*90#", Checkable: true, ExpiresAt: at.Add(time.Minute), ReportedAt: at.Add(time.Second),
			Cost: otp.Cost{Micros: 35_000, Currency: "USD", OnDelivery: true},
			Handle: providers.Handle{UpstreamID: "u", Prefix: "ZDSQ", State: []byte("state"), Granted: providers.Granted{
				Length: 4, Alphabet: providers.Numeric, Expiry: time.Minute, Attempts: 3,
			}},
		}},
		Checks: []otp.Check{{ID: "c", At: at.Add(123), Outcome: otp.OutcomeRight, Counted: true, Provider: "hubtel", IP: "203.0.113.7"}},
		Next: otp.Schedule{At: at, Steps: []otp.Step{
			{Channel: providers.Email, To: providers.NewEmail("ama@example.com"), After: time.Minute},
		}},
	}
	for _, value := range []any{v, v.Ending, v.Deliveries[0], v.Checks[0], v.Next.Steps[0]} {
		for i := range reflect.TypeOf(value).NumField() {
			if reflect.ValueOf(value).Field(i).IsZero() {
				t.Fatalf("%T.%s is not tried", value, reflect.TypeOf(value).Field(i).Name)
			}
		}
	}
	raw, err := otp.EncodeRecord(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := otp.DecodeRecord(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got, cmp.AllowUnexported(providers.Recipient{})); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "{", "[]", `{"v":0}`, `{"v":99}`} {
		if v, err := otp.DecodeRecord([]byte(raw)); err == nil {
			t.Errorf("%q is read as %+v", raw, v)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"v":1,"ref":"01jtdre6ga9vqk1ce154p0jjwr","to":{"a":"+233201234567","c":"GH"},"deliveries":[{"id":"d"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := otp.DecodeRecord(raw)
		if err != nil {
			return
		}
		if _, err := otp.EncodeRecord(v); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

// Records of the first gateways have the time of a check as a number.
func TestACheckOfAnEarlierRecordKeepsItsTime(t *testing.T) {
	t.Parallel()
	v, err := otp.DecodeRecord([]byte(`{"v":1,"ref":"r","checks":[{"id":"c","at":1800000000123456789,"outcome":"wrong_code"}]}`))
	if err != nil || len(v.Checks) != 1 || v.Checks[0].At.UnixNano() != 1_800_000_000_123_456_789 {
		t.Errorf("%+v, %v", v.Checks, err)
	}
}
