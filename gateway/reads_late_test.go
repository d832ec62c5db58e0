package gateway_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const (
	ranOutTo     = "+233201234560"
	toldEarly    = "+2348031234560"
	toldLate     = "+2348031234561"
	toldNever    = "+2348031234562"
	cloudPrice   = 0.0625 // adds up exactly
	cloudAddress = "/v1/callbacks/cloud"
)

// late is a script for whose sends something comes later.
type late struct {
	*script
	meta  *whatsapptwin.Twin
	inbox *twin.Inbox // of meta
}

// afterwards is a gateway as [roads] makes it, on the store at path, with one provider more, which tells later what
// became of a message.
func afterwards(t *testing.T, path string) *late {
	t.Helper()
	inbox := new(twin.Inbox)
	meta := whatsapptwin.New(whatsapptwin.Options{Inbox: inbox, AppSecret: appSecret})
	server, err := twin.Start(meta.Twin, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(); meta.Wait() })
	w, twins := roads(t, "FOLDER/otpgate.db", path, "\nroutes:\n", fmt.Sprintf(`
  cloud:
    kind: inhouse
    price: {whatsapp: %v, currency: USD}
    with:
      transports:
        whatsapp:
          kind: whatsapp
          base_url: %q
          phone_number_id: %q
          token: %s
          template: otp
          app_secret: %s
          verify_token: %s
routes:
  - {name: cloud, when: {purpose: [cloud]}, use: [cloud]}
`, cloudPrice, server.URL, whatsapptwin.PhoneNumberID, whatsapptwin.Token, appSecret, whatsapptwin.VerifyToken))
	if err := meta.Subscribe(t.Context(), w.url+cloudAddress); err != nil {
		t.Fatal(err)
	}
	return &late{&script{world: w, twins: twins, want: map[string]*tally{}}, meta, inbox}
}

// sentByCloud counts a send whose message costs its price, whatever becomes of it.
func (s *late) sentByCloud(to string) answer {
	s.t.Helper()
	a := s.sent(to, providers.WhatsApp, "cloud", "cloud")
	s.at("cloud").Costs["USD"] += cloudPrice
	return a
}

func (s *late) guessRight(a answer, to string) {
	s.t.Helper()
	code := codeOf.FindString(s.inbox.Messages(to, providers.WhatsApp)[0].Text)
	s.guess(a, code, http.StatusOK, "cloud")
}

// toldOf has messages arrive before their codes are verified and after it, and one never. A report counts once, however
// often it comes.
func (s *late) toldOf() {
	s.meta.CallTo(s.url + cloudAddress)
	early := s.sentByCloud(toldEarly)
	s.await(func() bool { return s.status(early.Reference).Deliveries[0].Status == "delivered" })
	s.guessRight(early, toldEarly)

	s.meta.Wait()
	s.meta.CallTo("http://127.0.0.1:1") // what follows, the test tells itself
	after := s.sentByCloud(toldLate)
	s.guessRight(after, toldLate)
	s.becomes(after, toldLate, "delivered", "delivered")
	never := s.sentByCloud(toldNever)
	s.becomes(never, toldNever, "failed", "undelivered")
	c := s.at("cloud")
	c.Delivered, c.Undelivered = c.Delivered+2, c.Undelivered+1
}

// becomes reports the newest message twice.
func (s *late) becomes(a answer, to, word, status string) {
	s.t.Helper()
	ids := s.meta.IDs()
	body := s.meta.Notice(ids[len(ids)-1], to[1:], word)
	for range 2 {
		if status := s.tell(s.url+cloudAddress, s.meta.Signature(body), body); status != http.StatusOK {
			s.t.Fatalf("the report was answered with %d", status)
		}
	}
	s.await(func() bool { return s.status(a.Reference).Deliveries[0].Status == status })
}

// leftBehind writes what a gateway that ended two hours ago would have: two verifications that ran out, one of them
// before it ended and one since.
func leftBehind(t *testing.T, path string) {
	t.Helper()
	begun := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	for _, sweep := range []time.Duration{10 * time.Millisecond, time.Hour} {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, SweepEvery: sweep})
		if err != nil {
			t.Fatal(err)
		}
		ref := begunAt(t, s, begun)
		if sweep < time.Second {
			(&world{t: t}).await(func() bool {
				v, err := s.Get(t.Context(), ref)
				return err == nil && !v.EndedAt.IsZero()
			})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// begunAt writes a verification whose code was taken by zend.
func begunAt(t *testing.T, s otp.Store, begun time.Time) otp.Reference {
	t.Helper()
	to := providers.NewPhone(ranOutTo, "GH", "0201234560")
	v := otp.Verification{
		Reference: otp.NewReference(begun, to), App: "shop", To: to, Channel: providers.SMS, Purpose: "zend",
		Wish: providers.CodeWish{Length: 6, Alphabet: providers.Numeric}, Message: "{code} is your code",
		Status: otp.StatusPending, CreatedAt: begun, ExpiresAt: begun.Add(5 * time.Minute), MaxAttempts: 3, MaxResends: 3,
	}
	if _, err := s.Begin(t.Context(), otp.Begin{Verification: v, Now: begun}); err != nil {
		t.Fatal(err)
	}
	taken := otp.Delivery{
		ID: string(v.Reference), Provider: "zend", Channel: providers.SMS, To: to, Status: otp.DeliverySent, At: begun,
		Rule: "zend", Place: 1, Checkable: true, ExpiresAt: v.ExpiresAt, Cost: otp.Cost{Micros: 20_000, Currency: "USD"},
	}
	dispatch := otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{taken}, Now: begun.Add(time.Second)}
	if _, err := s.Deliver(t.Context(), dispatch); err != nil {
		t.Fatal(err)
	}
	return v.Reference
}

// ranOut counts what was left behind. It is expired for everybody at once, whether that is written down or not.
func (s *late) ranOut() {
	c := s.at("zend")
	c.Sends, c.Deliveries, c.Taken, c.Expired = c.Sends+2, c.Deliveries+2, c.Taken+2, c.Expired+2
	c.Costs["USD"] += 0.04
	var page struct {
		Items []struct{ To, Status string }
	}
	s.read("/v1/otp/list?status=expired", &page)
	if len(page.Items) != 2 || page.Items[0].To != ranOutTo || page.Items[1].Status != "expired" {
		s.t.Errorf("listed as expired: %+v", page.Items)
	}
}
