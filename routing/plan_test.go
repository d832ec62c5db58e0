package routing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func TestTheFirstRuleThatMatchesIsTaken(t *testing.T) {
	t.Parallel()
	use := []Candidate{{Provider: "a"}}
	sms, steps := []providers.Channel{providers.SMS}, []Step{{providers.Email, time.Minute}}
	rules := []Rule{
		{Name: "vodafone", When: When{Prefixes: []string{"+23320", "+23350"}, Channels: sms}, Use: use},
		{Name: "ghana", Line: 12, When: When{Countries: providers.Countries{"GH"}}, Use: use, Fallback: steps},
		{Name: "bank", When: When{Apps: []string{"bank"}, Purposes: []string{"pay", "login"}}, Use: use},
		{Name: "mail", When: When{Channels: []providers.Channel{providers.Email}}, Use: use},
		{Name: "rest", Use: use},
	}
	r := newRig(t, nil, func(s *Settings) { s.Rules = rules }, newFake("a"))
	kenya := providers.NewPhone("+254700123456", "KE", "0700123456")
	mail := providers.NewEmail("+23320@example.com")
	tests := []struct {
		rule    string
		to      providers.Recipient
		channel providers.Channel
		app     string
		purpose string
		want    string
	}{
		{"prefix and channel", ghana, providers.SMS, "shop", "", "vodafone"},
		{"the prefix, but another channel", ghana, providers.Voice, "shop", "", "ghana"},
		{"another prefix", providers.NewPhone("+233241234567", "GH", "0241234567"), providers.SMS, "shop", "", "ghana"},
		{"app and purpose", kenya, providers.SMS, "bank", "pay", "bank"},
		{"app without the purpose", kenya, providers.SMS, "bank", "", "rest"},
		{"purpose of another app", kenya, providers.SMS, "shop", "pay", "rest"},
		{"an address has neither country nor prefix", mail, providers.Email, "shop", "", "mail"},
	}
	for _, tt := range tests {
		req := Request{App: tt.app, Purpose: tt.purpose, Send: providers.SendRequest{To: tt.to, Channel: tt.channel}}
		if got := r.Plan(req).Rule; got != tt.want {
			t.Errorf("%s: rule %q, want %q", tt.rule, got, tt.want)
		}
	}
	plan := r.Plan(Request{Send: providers.SendRequest{To: ghana, Channel: providers.Voice}})
	if !plan.Matched || plan.Line != 12 || plan.Deadline != DefaultDeadline {
		t.Errorf("the plan is %+v", plan)
	}
	if plan.Strategy != Priority || plan.OnAmbiguous != Next {
		t.Errorf("the plan is %+v", plan)
	}
	if diff := cmp.Diff(steps, plan.Fallback); diff != "" {
		t.Error(diff)
	}
}

func TestAHardWishLeavesOutWhoCannotGrantItAndASoftOneNobody(t *testing.T) {
	t.Parallel()
	coverage := providers.Coverage{
		Channel: providers.SMS, Countries: providers.Countries{"GH", "NG"},
		Length: providers.Range[int]{Min: 4, Max: 4}, Alphabets: []providers.Alphabet{providers.Numeric},
	}
	wide := coverage
	wide.Length = providers.Range[int]{Min: 4, Max: 5}
	wide.Alphabets = []providers.Alphabet{providers.Numeric, providers.Alphabetic}
	none := providers.Coverage{Channel: providers.SMS}
	hard := Hard{Length: true, Alphabet: true, Message: true}
	kenya := providers.NewPhone("+254700123456", "KE", "0700123456")
	tests := []struct {
		rule     string
		coverage providers.Coverage
		hard     Hard
		wish     providers.CodeWish
		message  string
		to       providers.Recipient
		reason   Reason
		why      string
	}{
		{
			"soft wishes", coverage, Hard{}, providers.CodeWish{Length: 6, Alphabet: providers.Alphanumeric}, "{code}", ghana,
			"", "",
		},
		{"granted", coverage, hard, providers.CodeWish{Length: 4, Alphabet: providers.Numeric}, "", ghana, "", ""},
		{"hard but not wished", coverage, hard, providers.CodeWish{}, "", ghana, "", ""},
		{"length", coverage, hard, providers.CodeWish{Length: 6}, "", ghana, NoLength, "it gives codes of 4 characters only"},
		{
			"length of a span", wide, hard, providers.CodeWish{Length: 6}, "", ghana, NoLength,
			"it gives codes of 4 to 5 characters only",
		},
		{
			"no wish taken", none, hard, providers.CodeWish{Length: 6}, "", ghana, NoLength,
			"it takes no wish for the length of a code",
		},
		{
			"alphabet", coverage, hard, providers.CodeWish{Alphabet: providers.Alphabetic}, "", ghana, NoAlphabet,
			"it gives codes that are numeric only",
		},
		{
			"alphabets", wide, hard, providers.CodeWish{Alphabet: providers.Alphanumeric}, "", ghana, NoAlphabet,
			"it gives codes that are numeric or alphabetic only",
		},
		{
			"no alphabet taken", none, hard, providers.CodeWish{Alphabet: providers.Numeric}, "", ghana, NoAlphabet,
			"it gives codes that are of its own choice only",
		},
		{
			"message", coverage, hard, providers.CodeWish{}, "{code}", ghana, NoMessage,
			"it does not take a text, and so no template either",
		},
		{"country", coverage, hard, providers.CodeWish{}, "", kenya, NoCountry, "it covers GH, NG only"},
		{"an address has no country", coverage, hard, providers.CodeWish{}, "", providers.NewEmail("a@example.com"), "", ""},
		{
			"channel", providers.Coverage{Channel: providers.Email}, hard, providers.CodeWish{}, "", ghana, NoChannel,
			"it does not cover sms",
		},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, nil, newFake("a", tt.coverage))
			req := smsRequest()
			req.Hard, req.Send.Wish, req.Send.Message, req.Send.To = tt.hard, tt.wish, tt.message, tt.to
			plan := r.Plan(req)
			if tt.reason == "" {
				if len(plan.Places) != 1 || len(plan.Excluded) != 0 {
					t.Errorf("the plan is %+v", plan)
				}
				return
			}
			want := []Exclusion{{Spot: Spot{"a", providers.SMS}, Reason: tt.reason, Why: tt.why}}
			if diff := cmp.Diff(want, plan.Excluded); diff != "" || len(plan.Places) != 0 {
				t.Error(diff)
			}
		})
	}
}

func TestWishesAreCutToWhatAProviderTakes(t *testing.T) {
	t.Parallel()
	full := providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3}
	tests := []struct {
		rule     string
		coverage providers.Coverage
		wish     providers.CodeWish
		want     providers.CodeWish
		message  string
	}{
		{"all taken", everything(providers.SMS), full, full, "{code}"},
		{"nothing taken", providers.Coverage{Channel: providers.SMS}, full, providers.CodeWish{}, ""},
		{"nothing wished", everything(providers.SMS), providers.CodeWish{}, providers.CodeWish{}, "{code}"},
		{
			"moved into range", everything(providers.SMS),
			providers.CodeWish{Length: 12, Alphabet: providers.Numeric, Expiry: 2 * time.Hour, Attempts: 20},
			providers.CodeWish{Alphabet: providers.Numeric, Expiry: time.Hour, Attempts: 10}, "{code}",
		},
	}
	for _, tt := range tests {
		en := entry{coverage: &tt.coverage}
		wish, message := en.fit(&providers.SendRequest{Wish: tt.wish, Message: "{code}"})
		if wish != tt.want || message != tt.message {
			t.Errorf("%s: %+v and %q", tt.rule, wish, message)
		}
	}
}

// TestAPlanIsAFunctionOfWhatItIsGiven plans without an engine's health.
func TestAPlanIsAFunctionOfWhatItIsGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil, newFake("a"), newFake("b"), newFake("c"), newFake("d"))
	now := time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC)
	req := smsRequest()
	req.Failed = []Spot{{"a", providers.SMS}}
	req.Spent = []Spot{{"b", providers.SMS}}
	healthy := vitals{state: Closed}
	open := func(d time.Duration, probe bool) vitals { return vitals{state: Open, until: now.Add(d), probe: probe} }
	cool := func(d time.Duration) vitals { return vitals{state: Closed, cool: now.Add(d)} }
	tests := []struct {
		rule     string
		seen     []vitals
		places   []string
		excluded []string
	}{
		{
			"all healthy", []vitals{healthy, healthy, healthy, healthy},
			[]string{"1 c order", "2 d order", "3 a failed_before"}, []string{"b spent"},
		},
		{
			"one open, one cooling", []vitals{healthy, healthy, open(time.Second, true), cool(time.Second)},
			[]string{"1 a failed_before", "2 d cooling_down"}, []string{"b spent", "c breaker_open"},
		},
		{
			"half-open is asked in its place", []vitals{open(1, true), healthy, {state: HalfOpen}, healthy},
			[]string{"1 c order", "2 d order"}, []string{"a breaker_open", "b spent"},
		},
		{
			"all open", []vitals{open(3, true), open(0, true), open(1, true), open(2, true)},
			[]string{"1 c early_probe"}, []string{"a breaker_open", "b spent", "d breaker_open"},
		},
		{
			"all open, the closest was asked", []vitals{open(3, true), open(0, true), open(1, false), open(2, true)},
			nil, []string{"a breaker_open", "b spent", "c breaker_open", "d breaker_open"},
		},
		{
			"open, or cooling for too long", []vitals{open(3, true), healthy, cool(time.Minute), cool(time.Minute)},
			[]string{"1 a early_probe"}, []string{"b spent", "c cooling_long", "d cooling_long"},
		},
	}
	for _, tt := range tests {
		plan := r.routes[0].plan(&req, r.routes[0].entries[providers.SMS], tt.seen, now, 0)
		var places, excluded []string
		for _, p := range plan.Places {
			places = append(places, string(rune('0'+p.Number))+" "+p.Provider+" "+string(p.Reason))
		}
		for _, x := range plan.Excluded {
			excluded = append(excluded, x.Provider+" "+string(x.Reason))
		}
		if diff := cmp.Diff(tt.places, places); diff != "" {
			t.Errorf("%s: places %s", tt.rule, diff)
		}
		if diff := cmp.Diff(tt.excluded, excluded); diff != "" {
			t.Errorf("%s: excluded %s", tt.rule, diff)
		}
	}
}

func TestAPlanSendsNothingAndCountsNothing(t *testing.T) {
	t.Parallel()
	a := newFake("a")
	change := func(s *Settings) {
		s.Rules[0].Strategy = Weighted
		set("a", perSecond(1))(s)
	}
	r := newRig(t, nil, change, a, newFake("b"))
	first := r.Plan(smsRequest())
	for range 10 {
		if diff := cmp.Diff(first.Places[0].Spot, r.Plan(smsRequest()).Places[0].Spot); diff != "" {
			t.Fatal(diff)
		}
	}
	out, err := r.Send(t.Context(), smsRequest(), nil)
	if err != nil || out.Tries[0].Spot != first.Places[0].Spot {
		t.Errorf("the plan said %v, and it was %+v, %v", first.Places[0].Spot, out, err)
	}
}

func TestEveryReasonIsASentence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		place Place
		want  string
	}{
		{Place{Reason: ByOrder, Listed: 2}, "number 2 of the rule's list"},
		{Place{Reason: ByWeight, Weight: 80}, "drawn by its weight of 80"},
		{Place{Reason: ByPrice, Priced: true, Price: Price{0.035, "USD"}}, "costs 0.035 USD"},
		{Place{Reason: ByPrice, Listed: 3}, "its price is not known: number 3 of the rule's list"},
		{Place{Reason: ByVerified, Share: 0.834, Codes: 120}, "83 % of its last 120 codes were verified"},
		{
			Place{Reason: ByVerified, Share: 1, Codes: 3, Listed: 1},
			"too few of its codes were judged to tell: number 1 of the rule's list",
		},
		{Place{Reason: ByExploring}, "its turn in the share that is kept for exploring"},
		{Place{Reason: FailedBefore}, "it failed for this verification before, and is asked after the others"},
		{
			Place{Reason: CoolingDown, CoolTo: time.Date(2026, 1, 15, 10, 20, 30, 0, time.UTC)},
			"it asked to be left alone until 10:20:30 UTC",
		},
		{
			Place{Reason: EarlyProbe},
			"all breakers are open, and its is the closest to let calls through: it is asked once",
		},
	}
	for _, tt := range tests {
		if got := tt.place.Why(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.place.Reason, got, tt.want)
		}
	}
}

func TestAPlaceTellsPriceAndDialString(t *testing.T) {
	t.Parallel()
	a := newFake("a")
	a.info.USSD = "*713*90#"
	price := Price{Amount: 0.035, Currency: "USD"}
	r := newRig(t, nil, set("a", func(p *ProviderSettings) {
		p.Prices = map[Market]Price{{Channel: providers.SMS}: price}
	}), a)
	got := r.Plan(smsRequest()).Places[0]
	if got.Price != price || !got.Priced || got.USSD != "*713*90#" || got.State != Closed || got.Listed != 1 {
		t.Errorf("the place is %+v", got)
	}
}
