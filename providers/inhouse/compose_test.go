package inhouse

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/gsm"
)

// sent is the text that a send of req delivers, with the code as 482913 and the prefix as WXYZ.
func sent(t *testing.T, req providers.SendRequest) string {
	t.Helper()
	c := new(carrier)
	h, err := newGenerator(t, c, key("k1", 'a')).Send(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	m := c.last(t)
	text := strings.ReplaceAll(m.Text.Reveal(), m.Code.Reveal(), "482913")
	if h.Prefix == "" {
		return text
	}
	return strings.ReplaceAll(text, h.Prefix, "WXYZ")
}

const builtin = "482913 is your code. It expires in 10 minutes. Do not share it with anyone."

func TestWhatStandsBelowTexts(t *testing.T) {
	t.Parallel()
	all := providers.Ending{DoNotShare: true, Android: "FA+9qCX9VSu", WebOTP: "example.com"}
	for name, c := range map[string]struct {
		channel         providers.Channel
		message, locale string
		ending          providers.Ending
		want            string
	}{
		"nothing":                  {providers.SMS, "", "", providers.Ending{}, builtin},
		"a website's line is last": {providers.SMS, "", "", all, builtin + "\nFA+9qCX9VSu\n@example.com #482913"},
		"all below a caller's": {
			providers.SMS, "Code {code}", "", all,
			"Code 482913\nDo not share it with anyone.\nFA+9qCX9VSu\n@example.com #482913",
		},
		"in the text's language": {
			providers.SMS, "{code}", "fr-CI", providers.Ending{DoNotShare: true}, "482913\nNe le communiquez à personne.",
		},
		"nothing for machines by mail": {
			providers.Email, "{code}", "sw", all, "482913\nUsimpe mtu yeyote.",
		},
		"a built-in text by mail": {providers.Email, "", "", all, builtin},
		"no placeholders, no lines": {
			providers.SMS, "{code}", "", providers.Ending{Android: "{code}\r\n\x00", WebOTP: "{amount}\n@evil.test"},
			"482913\n{code}\n@{amount} @evil.test #482913",
		},
	} {
		req := request()
		req.Channel, req.Message, req.Locale, req.Ending = c.channel, c.message, c.locale, c.ending
		if c.channel == providers.Email {
			req.To = providers.NewEmail("ama@example.test")
		}
		if got := sent(t, req); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A caller's text without a code is refused, also where the line for a website would bring one.
func TestTheWebsitesLineIsNoCodeOfTheText(t *testing.T) {
	t.Parallel()
	req := request()
	req.Message, req.Ending = "hello", providers.Ending{WebOTP: "example.com"}
	if _, err := newGenerator(t, new(carrier), key("k1", 'a')).Send(t.Context(), req); err == nil {
		t.Error("a text without a code was sent")
	}
}

func TestSentencesBelowTextsCostNoOtherAlphabet(t *testing.T) {
	t.Parallel()
	for name, words := range builtinLanguages() {
		if _, ok := gsm.Encode(words.doNotShare); !ok || words.doNotShare == "" {
			t.Errorf("%s: %q", name, words.doNotShare)
		}
	}
}

var prefixShape = regexp.MustCompile(`^[B-DF-HJKMNP-TV-XZ]{4}$`)

func TestPrefixStandsInTextAndHandle(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	req := request()
	req.Message = "{prefix}-{code} ({prefix})"
	seen := map[string]bool{}
	for range 50 {
		h, err := g.Send(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		m := c.last(t)
		want := h.Prefix + "-" + m.Code.Reveal() + " (" + h.Prefix + ")"
		if !prefixShape.MatchString(h.Prefix) || m.Text.Reveal() != want {
			t.Fatalf("prefix %q in %q", h.Prefix, m.Text.Reveal())
		}
		seen[h.Prefix] = true
	}
	if len(seen) < 45 {
		t.Errorf("50 deliveries have %d prefixes", len(seen))
	}
	if h, err := g.Send(t.Context(), request()); err != nil || h.Prefix != "" {
		t.Errorf("a text without it: %q, %v", h.Prefix, err)
	}
}

func TestPrefixOnResend(t *testing.T) {
	t.Parallel()
	const with, without = "{prefix}-{code}", "{code}"
	shaped := prefixShape.MatchString
	for name, c := range map[string]struct {
		first, then string
		fresh       bool
		want        func(before, after string) bool
	}{
		"of the same code it stays":  {with, with, false, func(b, a string) bool { return a == b }},
		"of a new code it is new":    {with, with, true, func(b, a string) bool { return a != b && shaped(a) }},
		"it comes with another text": {without, with, false, func(b, a string) bool { return b == "" && shaped(a) }},
		"it goes with another text":  {with, without, false, func(_, a string) bool { return a == "" }},
	} {
		g := newGenerator(t, new(carrier), key("k1", 'a'))
		req := request()
		req.Message = c.first
		before, err := g.Send(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		req.Message, req.Fresh = c.then, c.fresh
		after, err := g.Resend(t.Context(), before, req)
		if err != nil || !c.want(before.Prefix, after.Prefix) {
			t.Errorf("%s: %q, then %q, %v", name, before.Prefix, after.Prefix, err)
		}
	}
}

func TestFreshResendMakesANewCode(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	old, young := key("k1", 'a'), key("k2", 'b')
	req := request()
	req.Wish.Length, req.Wish.Alphabet = 10, providers.Alphanumeric
	h, err := newGenerator(t, c, old).Send(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	first := c.last(t).Code
	g := newGenerator(t, c, young) // the key of the first code is gone, which is nothing to a new one
	req.Fresh, req.Wish = true, providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 3 * time.Minute}
	again, err := g.Resend(t.Context(), h, req)
	if err != nil {
		t.Fatal(err)
	}
	second := c.last(t)
	if second.Code.Equal(first) || !again.Granted.Fits(second.Code.Reveal()) || again.Granted != h.Granted {
		t.Errorf("the new code is not one, or not of the shape that was promised: %+v", again.Granted)
	}
	if v, err := g.Verify(t.Context(), again, second.Code); err != nil || !v.Match {
		t.Errorf("the new code: %+v %v", v, err)
	}
	if v, err := g.Verify(t.Context(), again, first); err != nil || v.Match {
		t.Errorf("the old code: %+v %v", v, err)
	}
	if !strings.Contains(second.Text.Reveal(), "in 3 minutes") || again.UpstreamID != "m2" {
		t.Errorf("%q, %q", second.Text.Reveal(), again.UpstreamID)
	}
}
