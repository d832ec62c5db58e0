package otp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

var (
	begun   = time.Date(2026, time.March, 3, 10, 20, 0, 0, time.UTC)
	ama     = providers.NewPhone("+233201234567", "GH", "0201234567")
	amaMail = providers.NewEmail("ama@example.com")
)

// aged is a verification that began at begun.
func aged(edits ...func(*otp.Verification)) otp.Verification {
	v := otp.Verification{
		Reference: "ref", App: "shop", To: ama, Channel: providers.SMS, Status: otp.StatusPending, CreatedAt: begun,
		ExpiresAt: begun.Add(5 * time.Minute), MaxAttempts: 3,
	}
	for _, edit := range edits {
		edit(&v)
	}
	return v
}

func tried(id, provider string, status otp.DeliveryStatus, place int, cost otp.Cost) func(*otp.Verification) {
	return func(v *otp.Verification) {
		v.Deliveries = append(v.Deliveries, otp.Delivery{
			ID: id, Provider: provider, Channel: v.Channel, To: v.To, Status: status, At: begun, Place: place, Cost: cost,
			Handle: providers.Handle{UpstreamID: "up-" + id, Prefix: "ABCD", State: []byte("secret salt")},
		})
	}
}

func ended(status otp.Status, judge string, after time.Duration) func(*otp.Verification) {
	return func(v *otp.Verification) {
		v.Status, v.EndedAt = status, v.CreatedAt.Add(after)
		if judge != "" {
			v.Attempts++
			v.Checks = append(v.Checks, otp.Check{ID: "c", At: v.EndedAt, Outcome: otp.OutcomeRight, Counted: true, Provider: judge})
		}
	}
}

func TestEachChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	now := begun.Add(time.Minute)
	fresh := aged()
	sent := aged(tried("d1", "hubtel-gh", otp.DeliveryFailed, 1, otp.Cost{}), tried("d2", "zend", otp.DeliverySent, 2, otp.Cost{}))
	arrived := sent.Clone()
	arrived.Deliveries[1].Status = otp.DeliveryDelivered
	guessed := arrived.Clone()
	guessed.Attempts, guessed.Checks = 1, []otp.Check{{ID: "c1", At: now, Outcome: otp.OutcomeWrong, Counted: true}}
	returned := guessed.Clone()
	returned.Attempts, returned.Checks[0].Counted = 0, false
	resent := sent.Clone()
	resent.Resends = 1
	right := sent.Clone()
	ended(otp.StatusVerified, "zend", time.Minute)(&right)
	expired := sent.Clone()
	ended(otp.StatusExpired, "", 5*time.Minute)(&expired)

	for name, test := range map[string]struct {
		before, after otp.Verification
		want          []otp.EventKind
	}{
		"begun":             {otp.Verification{}, fresh, []otp.EventKind{otp.EventCreated}},
		"sent":              {fresh, sent, []otp.EventKind{otp.EventDelivery, otp.EventDelivery}},
		"arrived":           {sent, arrived, []otp.EventKind{otp.EventReport}},
		"guessed":           {arrived, guessed, []otp.EventKind{otp.EventCheck}},
		"returned":          {guessed, returned, []otp.EventKind{otp.EventReturned}},
		"resent":            {sent, resent, []otp.EventKind{otp.EventResend}},
		"verified":          {sent, right, []otp.EventKind{otp.EventCheck, otp.EventVerified}},
		"expired":           {sent, expired, []otp.EventKind{otp.EventExpired}},
		"nothing":           {right, right, nil},
		"all in one change": {otp.Verification{}, right, []otp.EventKind{otp.EventCreated, otp.EventDelivery, otp.EventDelivery, otp.EventCheck, otp.EventVerified}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kinds []otp.EventKind
			for _, e := range otp.Changes(test.before, test.after, now) {
				kinds = append(kinds, e.Kind)
				if e.Reference != "ref" || e.App != "shop" || e.At.IsZero() || e.Status != test.after.Status {
					t.Errorf("%+v", e)
				}
				if e.Delivery != nil && (e.Delivery.Handle.State != nil || e.Delivery.Handle.Prefix != "" || e.Provider != e.Delivery.Provider) {
					t.Errorf("an event tells how to check a code: %+v", e.Delivery.Handle)
				}
			}
			if !slices.Equal(kinds, test.want) {
				t.Errorf("%v, not %v", kinds, test.want)
			}
		})
	}
}

func TestAccountOfAFailover(t *testing.T) {
	t.Parallel()
	cost := otp.Cost{Micros: 35_000, Currency: "USD"}
	v := aged(
		tried("d1", "hubtel-gh", otp.DeliveryFailed, 1, cost), tried("d2", "zend", otp.DeliveryDelivered, 2, cost),
		ended(otp.StatusVerified, "zend", 30*time.Second))
	cell := func(provider string) otp.Cell {
		return otp.Cell{Hour: begun.Truncate(time.Hour), App: "shop", Country: "GH", Channel: providers.SMS, Provider: provider}
	}
	want := []otp.Entry{
		{Cell: cell("zend"), Counts: otp.Counts{
			Sends: 1, Verified: 1, Checks: 1, Deliveries: 1, Taken: 1, Delivered: 1, Costs: map[string]int64{"USD": 35_000},
			Times: map[int]int64{36: 1},
		}},
		{Cell: cell("hubtel-gh"), Counts: otp.Counts{Deliveries: 1, Failovers: 1}},
	}
	if diff := cmp.Diff(want, otp.Account(v)); diff != "" {
		t.Error(diff)
	}
}

func TestWhoCarriedAVerification(t *testing.T) {
	t.Parallel()
	free := otp.Cost{}
	for name, test := range map[string]struct {
		v    otp.Verification
		want string
	}{
		"the newest that took it":        {aged(tried("1", "a", otp.DeliverySent, 1, free), tried("2", "b", otp.DeliverySent, 1, free)), "b"},
		"not one that failed":            {aged(tried("1", "a", otp.DeliverySent, 1, free), tried("2", "b", otp.DeliveryFailed, 1, free)), "a"},
		"one that may have it":           {aged(tried("1", "a", otp.DeliveryUnknown, 1, free)), "a"},
		"the one whose code is verified": {aged(tried("1", "a", otp.DeliverySent, 1, free), tried("2", "b", otp.DeliverySent, 1, free), ended(otp.StatusVerified, "a", time.Minute)), "a"},
		"nobody":                         {aged(tried("1", "a", otp.DeliveryFailed, 1, free), ended(otp.StatusFailed, "", 0)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range otp.Account(test.v) {
				if e.Sends == 1 && e.Provider != test.want || e.Sends > 1 {
					t.Errorf("%d sends at %q, not at %q", e.Sends, e.Provider, test.want)
				}
			}
		})
	}
}

func TestWhatADeliveryCosts(t *testing.T) {
	t.Parallel()
	usual, onDelivery := otp.Cost{Micros: 1, Currency: "USD"}, otp.Cost{Micros: 1, Currency: "USD", OnDelivery: true}
	verified := ended(otp.StatusVerified, "a", time.Minute)
	for name, test := range map[string]struct {
		v    otp.Verification
		want int64
	}{
		"taken":                               {aged(tried("1", "a", otp.DeliverySent, 1, usual)), 1},
		"taken, and lost":                     {aged(tried("1", "a", otp.DeliveryUndelivered, 1, usual)), 1},
		"failed":                              {aged(tried("1", "a", otp.DeliveryFailed, 1, usual)), 0},
		"unknown":                             {aged(tried("1", "a", otp.DeliveryUnknown, 1, usual)), 0},
		"unknown, but its code was verified":  {aged(tried("1", "a", otp.DeliveryUnknown, 1, usual), verified), 1},
		"paid on delivery, taken":             {aged(tried("1", "a", otp.DeliverySent, 1, onDelivery)), 0},
		"paid on delivery, arrived":           {aged(tried("1", "a", otp.DeliveryDelivered, 1, onDelivery)), 1},
		"paid on delivery, its code verified": {aged(tried("1", "a", otp.DeliverySent, 1, onDelivery), verified), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := otp.Account(test.v)[0].Costs["USD"]; got != test.want {
				t.Errorf("%d, not %d", got, test.want)
			}
		})
	}
}

func TestWhatIsAddedCanBeTakenAwayAgain(t *testing.T) {
	t.Parallel()
	v := aged(tried("1", "a", otp.DeliveryDelivered, 1, otp.Cost{Micros: 5, Currency: "GHS"}), ended(otp.StatusVerified, "a", time.Minute))
	var sum otp.Counts
	for _, times := range []int64{1, 1, -1, -1} {
		sum.Add(otp.Account(v)[0].Counts, times)
	}
	if diff := cmp.Diff(otp.Counts{}, sum); diff != "" {
		t.Error(diff)
	}
}

func TestTimeToVerifyIsToldWithinAFewPercent(t *testing.T) {
	t.Parallel()
	var sum otp.Counts
	for seconds := 1; seconds <= 100; seconds++ {
		sum.Add(otp.Account(aged(ended(otp.StatusVerified, "", time.Duration(seconds)*time.Second)))[0].Counts, 1)
	}
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Second, 0.95: 95 * time.Second} {
		if got := sum.TimeToVerify(q); (got - want).Abs() > want*6/100 {
			t.Errorf("%v: %v, not %v", q, got, want)
		}
	}
	if got := (otp.Counts{}).TimeToVerify(0.5); got != 0 {
		t.Errorf("%v of nothing", got)
	}
	fast := otp.Account(aged(ended(otp.StatusVerified, "", 300*time.Millisecond)))[0]
	if got := fast.TimeToVerify(0.95); got != time.Second/2 {
		t.Errorf("%v for something below a second", got)
	}
}

func TestAccountOfMail(t *testing.T) {
	t.Parallel()
	v := aged(func(v *otp.Verification) { v.To, v.Channel = amaMail, providers.Email })
	if e := otp.Account(v)[0]; e.Country != "" || e.Channel != providers.Email || e.Conversion() != 0 {
		t.Errorf("%+v", e)
	}
	if otp.Account(otp.Verification{}) != nil {
		t.Error("what has not begun counts")
	}
}

func TestEventsAreKeptWhole(t *testing.T) {
	t.Parallel()
	v := aged(tried("1", "a", otp.DeliveryFailed, 1, otp.Cost{Micros: 5, Currency: "GHS"}), ended(otp.StatusVerified, "a", time.Minute))
	for _, e := range otp.Changes(otp.Verification{}, v, begun) {
		b, err := otp.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := otp.DecodeEvent(b)
		if diff := cmp.Diff(e, got, cmp.Comparer(func(a, b providers.Recipient) bool { return a == b })); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	if _, err := otp.DecodeEvent([]byte("{")); err == nil {
		t.Error("a damaged event was read")
	}
}

func TestRowsStandInTheOrderOfTheirGroups(t *testing.T) {
	t.Parallel()
	entry := func(hour int, app, provider string) otp.Entry {
		return otp.Entry{
			Cell:   otp.Cell{Hour: begun.Truncate(24 * time.Hour).Add(time.Duration(hour) * time.Hour), App: app, Provider: provider},
			Counts: otp.Counts{Sends: 1},
		}
	}
	gone := entry(1, "gone", "")
	gone.Sends = 0
	entries := []otp.Entry{entry(30, "b", "y"), entry(3, "b", "x"), entry(2, "a", "y"), entry(2, "b", "y"), gone}
	for name, test := range map[string]struct {
		by   []otp.Group
		want []otp.Row
	}{
		"no group": {nil, []otp.Row{{Counts: otp.Counts{Sends: 4}}}},
		"two groups": {[]otp.Group{otp.GroupApp, otp.GroupProvider}, []otp.Row{
			{Cell: otp.Cell{App: "a", Provider: "y"}, Counts: otp.Counts{Sends: 1}},
			{Cell: otp.Cell{App: "b", Provider: "x"}, Counts: otp.Counts{Sends: 1}},
			{Cell: otp.Cell{App: "b", Provider: "y"}, Counts: otp.Counts{Sends: 2}},
		}},
		"days": {[]otp.Group{otp.GroupDay}, []otp.Row{
			{Cell: otp.Cell{Hour: begun.Truncate(24 * time.Hour)}, Counts: otp.Counts{Sends: 3}},
			{Cell: otp.Cell{Hour: begun.Truncate(24 * time.Hour).Add(24 * time.Hour)}, Counts: otp.Counts{Sends: 1}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, otp.Fold(entries, test.by)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
