package providertest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func infoStays(t *testing.T, f Fixture) {
	b := f.start(t)
	first := b.Provider.Info()
	h, code := b.send(t, b.request(person(1)))
	b.verify(t, h, code)
	before := b.asked("")
	if diff := cmp.Diff(first, b.Provider.Info()); diff != "" {
		t.Errorf("info changed:\n%s", diff)
	}
	if b.asked("") != before {
		t.Error("info asked the upstream")
	}
}

func infoIsWhole(t *testing.T, f Fixture) {
	info := f.start(t).Provider.Info()
	if info.Name != name || info.Kind == "" || len(info.Coverage) == 0 {
		t.Errorf("info is %+v", info)
	}
	seen := map[providers.Channel]bool{}
	for _, c := range info.Coverage {
		if !c.Channel.Known() || seen[c.Channel] {
			t.Errorf("channel %q is unknown or covered twice", c.Channel)
		}
		seen[c.Channel] = true
		if c.Length.Zero() || c.Length.Min > c.Length.Max {
			t.Errorf("%s: lengths are %+v", c.Channel, c.Length)
		}
		if len(c.Alphabets) == 0 {
			t.Errorf("%s: no alphabet is covered", c.Channel)
		}
		for _, a := range c.Alphabets {
			if !a.Known() {
				t.Errorf("%s: alphabet %q is unknown", c.Channel, a)
			}
		}
	}
}

// coveredIsGranted asks for everything that the coverage promises.
func coveredIsGranted(t *testing.T, f Fixture) {
	b := f.start(t)
	n := 0
	for _, c := range b.Provider.Info().Coverage {
		for _, wish := range wishes(c) {
			n++
			req := b.requestOn(c.Channel, person(n))
			req.Wish = wish
			h, code := b.send(t, req)
			b.granted(t, c, wish, h.Granted, code)
		}
	}
}

func (b *bench) granted(t *testing.T, c providers.Coverage, wish providers.CodeWish, g providers.Granted, code string) {
	t.Helper()
	if len(code) != wish.Length || !wish.Alphabet.Admits(code) {
		t.Errorf("%s: a code of %d characters came for the wish %+v", c.Channel, len(code), wish)
	}
	if !g.Fits(code) {
		t.Errorf("%s: the code for the wish %+v does not fit what was granted: %+v", c.Channel, wish, g)
	}
	if g.Expiry != 0 && wish.Expiry != 0 && g.Expiry != wish.Expiry {
		t.Errorf("%s: %v was granted for a wish of %v", c.Channel, g.Expiry, wish.Expiry)
	}
	if g.Attempts != 0 && wish.Attempts != 0 && g.Attempts != wish.Attempts {
		t.Errorf("%s: %d attempts were granted for a wish of %d", c.Channel, g.Attempts, wish.Attempts)
	}
}

// wishes are every length in every alphabet, and both ends of the other ranges.
func wishes(c providers.Coverage) []providers.CodeWish {
	var all []providers.CodeWish
	for _, a := range c.Alphabets {
		for length := c.Length.Min; length <= c.Length.Max; length++ {
			all = append(all, providers.CodeWish{Length: length, Alphabet: a})
		}
	}
	plain := all[0]
	for _, d := range []time.Duration{c.Expiry.Min, c.Expiry.Max} {
		wish := plain
		if wish.Expiry = d; c.Expiry.Has(d) {
			all = append(all, wish)
		}
	}
	for _, n := range []int{c.Attempts.Min, c.Attempts.Max} {
		wish := plain
		if wish.Attempts = n; c.Attempts.Has(n) {
			all = append(all, wish)
		}
	}
	return all
}

// uncoveredIsRefused tries every channel that is not covered, and a country that is not.
func uncoveredIsRefused(t *testing.T, f Fixture) {
	b := f.start(t)
	info := b.Provider.Info()
	var outside []providers.SendRequest
	for _, channel := range providers.Channels() {
		if _, ok := info.On(channel); !ok {
			req := b.request(person(1))
			req.Channel = channel
			outside = append(outside, req)
		}
	}
	for _, c := range info.Coverage {
		if len(c.Countries) > 0 {
			req := b.requestOn(c.Channel, person(1))
			req.To = providers.NewPhone("+99912345678", "ZZ", "012345678")
			outside = append(outside, req)
		}
	}
	for _, req := range outside {
		_, err := b.Provider.Send(bounded(t), req)
		if e := b.failed(t, err, "send", spellings(req.To)...); e.Class != providers.Unsupported {
			t.Errorf("a send by %s to country %s failed with %v", req.Channel, req.To.Country(), e)
		}
	}
	if b.asked("") != 0 {
		t.Error("the upstream was asked")
	}
}

func textIsCarried(t *testing.T, f Fixture) {
	b := f.start(t)
	taken := false
	for _, c := range b.Provider.Info().Coverage {
		if !c.Message {
			continue
		}
		taken = true
		req := b.requestOn(c.Channel, person(1))
		req.Message = "Akwaaba! {code} lets you in."
		if _, err := b.Provider.Send(bounded(t), req); err != nil {
			t.Fatalf("send: %v", err)
		}
		text := b.Inbox.Messages(req.To.Address(), c.Channel)[0].Text
		before, rest, _ := strings.Cut(text, "Akwaaba! ")
		code, after, whole := strings.Cut(rest, " lets you in.")
		if before != "" || after != "" || !whole || code == "" || strings.Contains(code, "{code}") {
			t.Errorf("%s: the text arrived changed, or without its code", c.Channel)
		}
	}
	if !taken {
		t.Skip("the upstream takes no text")
	}
}
