package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// tally is what a script did, or what a report says of it.
type tally struct {
	Sends, Verified, Expired, Failed, Canceled, Resends, Checks, Deliveries, Taken, Delivered, Undelivered, Failovers int

	Costs map[string]float64
}

// read gets a page of the API as the shop, into what into points to.
func (w *world) read(path string, into any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("shop-key", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %s, error %v", path, resp.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		w.t.Fatalf("%s: %v\n%s", path, err, body)
	}
}

// script is mixed traffic, and what it should come to for each provider; "" carries what nobody took.
type script struct {
	*world
	twins map[string]*twin.Twin
	want  map[string]*tally
}

func (s *script) at(provider string) *tally {
	if s.want[provider] == nil {
		s.want[provider] = &tally{Costs: map[string]float64{}}
	}
	return s.want[provider]
}

// fails makes the next requests of an endpoint fail.
func (s *script) fails(kind, endpoint string, times int) {
	s.t.Helper()
	if err := s.twins[kind].Faults.Set(twin.Fault{Endpoint: endpoint, Kind: twin.Status, Status: 503, Times: times}); err != nil {
		s.t.Fatal(err)
	}
}

// sent counts a send that provider took on the channel.
func (s *script) sent(to string, channel providers.Channel, purpose, provider string) answer {
	s.t.Helper()
	a := s.send(fmt.Sprintf(`{"to":%q,"channel":%q,"purpose":%q,"metadata":{"script":%q}}`, to, channel, purpose, purpose))
	if a.Provider != provider {
		s.t.Fatalf("carried by %s: %s", a.Provider, a.body)
	}
	c := s.at(provider)
	c.Sends, c.Deliveries, c.Taken = c.Sends+1, c.Deliveries+1, c.Taken+1
	if provider == "zend" && channel == providers.SMS {
		c.Costs["USD"] += 0.02
	}
	return a
}

// newest is the code of the last message.
func (s *script) newest(to string, channel providers.Channel) string {
	s.t.Helper()
	return codeOf.FindString(s.inbox.Messages(to, channel)[0].Text)
}

// guess counts a guess, which must be answered with a status.
func (s *script) guess(a answer, code string, status int, provider string) {
	s.t.Helper()
	if got := s.verify(a.Reference, code); got.status != status {
		s.t.Fatalf("guessed: %d %s", got.status, got.body)
	}
	s.at(provider).Checks++
	if status == http.StatusOK {
		s.at(provider).Verified++
	}
}

// everyRoad sends over every provider, guesses wrong, and then right.
func (s *script) everyRoad() {
	for _, r := range []struct {
		provider, to string
		channel      providers.Channel
	}{
		{"hubtel", "+233201234567", providers.SMS}, {"sendexa", "+233201234567", providers.SMS},
		{"zend", "+254712345678", providers.SMS}, {"zend", "+2348031234567", providers.WhatsApp},
		{"hisend", "+2348031234567", providers.SMS}, {"hisend", "ama@example.com", providers.Email},
		{"airtexts", "+254712345678", providers.WhatsApp}, {"inhouse", "+2348031234567", providers.Voice},
		{"inhouse", "ama@example.com", providers.Email},
	} {
		a := s.sent(r.to, r.channel, r.provider, r.provider)
		code := s.newest(r.to, r.channel)
		s.guess(a, different(code), http.StatusUnprocessableEntity, r.provider)
		s.guess(a, code, http.StatusOK, r.provider)
	}
}

// failover lets the first of two providers fail.
func (s *script) failover() answer {
	s.fails("hubtel", "send", 1)
	a := s.sent("+233201234568", providers.SMS, "moved", "zend")
	c := s.at("hubtel")
	c.Deliveries, c.Failovers = c.Deliveries+1, c.Failovers+1
	return a
}

// usedUp resends, and guesses wrong until no guess is left.
func (s *script) usedUp() {
	a := s.sent("+254712345679", providers.SMS, "inhouse", "inhouse")
	again := s.post("shop-key", "/v1/otp/resend", fmt.Sprintf(`{"reference":%q}`, a.Reference))
	if again.status != http.StatusOK {
		s.t.Fatalf("%d %s", again.status, again.body)
	}
	c := s.at("inhouse")
	c.Resends, c.Deliveries, c.Taken, c.Failed = c.Resends+1, c.Deliveries+1, c.Taken+1, c.Failed+1
	wrong := different(s.newest("+254712345679", providers.SMS))
	for range 3 {
		s.guess(a, wrong, http.StatusUnprocessableEntity, "inhouse")
	}
	if got := s.verify(a.Reference, wrong); got.status != http.StatusGone {
		s.t.Fatalf("guessed once more: %d %s", got.status, got.body)
	}
}

// givenBack guesses while the issuer is down: the guess counts for nothing.
func (s *script) givenBack() {
	a := s.sent("+254712345670", providers.SMS, "zend", "zend")
	s.fails("zend", "verify", 1)
	if got := s.verify(a.Reference, "123456"); got.status != http.StatusServiceUnavailable {
		s.t.Fatalf("guessed: %d %s", got.status, got.body)
	}
	s.guess(a, s.newest("+254712345670", providers.SMS), http.StatusOK, "zend")
}

// refused sends what nobody takes: once because the only provider fails, once because it cannot.
func (s *script) refused() {
	s.fails("hubtel", "send", 1)
	for body, status := range map[string]int{
		`{"to":"+233201234569","purpose":"hubtel"}`:  http.StatusServiceUnavailable,
		`{"to":"+2348031234569","purpose":"hubtel"}`: http.StatusUnprocessableEntity,
	} {
		if got := s.post("shop-key", "/v1/otp/send", body); got.status != status {
			s.t.Fatalf("sent: %d %s", got.status, got.body)
		}
		none := s.at("")
		none.Sends, none.Failed = none.Sends+1, none.Failed+1
	}
	s.at("hubtel").Deliveries++
}

func (s *script) canceled() {
	a := s.sent("+254712345671", providers.SMS, "inhouse", "inhouse")
	for range 2 { // the second time changes nothing
		if got := s.post("shop-key", "/v1/otp/cancel", fmt.Sprintf(`{"reference":%q}`, a.Reference)); got.status != http.StatusOK {
			s.t.Fatalf("%d %s", got.status, got.body)
		}
	}
	s.at("inhouse").Canceled++
}

// The reports add up with what a script did over every provider, and with what became of it later, faults and all; and the
// log tells each try.
func TestReportsAddUp(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "otpgate.db")
	leftBehind(t, store)
	l := afterwards(t, store)
	w, s := l.world, l.script
	l.ranOut()
	l.toldOf()
	s.everyRoad()
	moved := s.failover()
	s.usedUp()
	s.givenBack()
	s.refused()
	s.canceled()
	// A code that was never sent to the rival is none of its affairs.
	if a := w.post("rival-key", "/v1/otp/cancel", fmt.Sprintf(`{"reference":%q}`, moved.Reference)); a.status != http.StatusNotFound {
		t.Errorf("%d %s", a.status, a.body)
	}

	var report struct {
		Items []struct {
			tally
			Provider string
		}
	}
	w.read("/v1/otp/reports?group_by=provider", &report)
	got, total := map[string]*tally{}, &tally{}
	for _, item := range report.Items {
		got[item.Provider] = &item.tally
	}
	if diff := cmp.Diff(s.want, got); diff != "" {
		t.Errorf("the report does not add up (-script +report):\n%s", diff)
	}
	for _, one := range s.want {
		total.Sends, total.Verified, total.Checks = total.Sends+one.Sends, total.Verified+one.Verified, total.Checks+one.Checks
	}
	var days struct {
		Total tally
		Days  []tally
	}
	w.read("/v1/otp/analytics?days=2", &days)
	if days.Total.Sends != total.Sends || days.Total.Verified != total.Verified || days.Total.Checks != total.Checks || len(days.Days) != 2 {
		t.Errorf("analytics tell %+v, want %+v", days, total)
	}
	s.listsAll(total.Sends)
	s.tellsOfTries(moved)
}

// listsAll reads every page.
func (s *script) listsAll(want int) {
	s.t.Helper()
	seen := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Reference string }
			Next  string `json:"next_cursor"`
		}
		s.read("/v1/otp/list?limit=4"+cursor, &page)
		for _, item := range page.Items {
			seen[item.Reference] = true
		}
		if cursor = "&cursor=" + page.Next; page.Next == "" {
			break
		}
	}
	if len(seen) != want {
		s.t.Errorf("%d verifications are listed, want %d", len(seen), want)
	}
	var page struct{ Items []struct{ Purpose string } }
	s.read("/v1/otp/list?metadata.script=moved", &page)
	if len(page.Items) != 1 || page.Items[0].Purpose != "moved" {
		s.t.Errorf("by metadata: %+v", page)
	}
}

// tellsOfTries reads the log of a send that failed over.
func (s *script) tellsOfTries(moved answer) {
	s.t.Helper()
	type try struct {
		Status, Reason, Class, Rule string
		ProviderCode                string `json:"provider_code"`
		Place                       int
	}
	var page struct {
		Items []struct {
			Event, Provider, To string
			At                  time.Time
			Delivery            *try
		}
	}
	s.read("/v1/otp/logs?reference="+moved.Reference, &page)
	var told []string
	for _, item := range page.Items {
		line := item.Event
		if d := item.Delivery; d != nil {
			line += fmt.Sprintf(" %s %s %s %s %s %d", item.Provider, d.Status, d.Class, d.Reason, d.Rule, d.Place)
		}
		told = append(told, strings.Join(strings.Fields(line), " "))
		if item.To != "+23320***4568" || time.Since(item.At) > time.Minute {
			s.t.Errorf("%+v", item)
		}
	}
	want := []string{
		"delivery zend sent moved 2", "delivery hubtel failed transient upstream_unavailable moved 1", "created",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		s.t.Errorf("the log differs (-want +told):\n%s", diff)
	}
	var attempts struct{ Items []struct{ Outcome string } }
	s.read("/v1/otp/attempts?reference="+moved.Reference, &attempts)
	if len(attempts.Items) != 0 {
		s.t.Errorf("%+v", attempts)
	}
	var limits struct{ Items []struct{ Name string } }
	s.read("/v1/otp/rate-limits?to=%2B233201234568", &limits)
	if len(limits.Items) != 3 { // app, recipient, recipient_failures
		s.t.Errorf("%+v", limits)
	}
}
