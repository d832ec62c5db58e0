package inhouse

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
)

func TestMeasure(t *testing.T) {
	t.Parallel()
	longest := providers.CodeWish{Length: 10, Expiry: 1439 * time.Minute}
	all := providers.Ending{DoNotShare: true, Android: "FA+9qCX9VSu", WebOTP: "a.test"}
	x := func(n int) string { return "{code}" + strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		req  providers.SendRequest
		want Size
	}{
		"one message":      {providers.SendRequest{Message: x(154)}, Size{1, false, "", 160}},
		"the longest code": {providers.SendRequest{Message: x(154), Wish: longest}, Size{2, false, "", 164}},
		"the longest time": {
			providers.SendRequest{Message: "{code} {amount} {duration}", Wish: longest}, Size{1, false, "", 23},
		},
		"the prefix":              {providers.SendRequest{Message: "{prefix}{code}"}, Size{1, false, "", 10}},
		"a character of two":      {providers.SendRequest{Message: x(153) + "€"}, Size{2, false, "", 162}},
		"beyond the GSM alphabet": {providers.SendRequest{Message: "{code} ção ão"}, Size{1, true, "çã", 16}},
		"70 characters":           {providers.SendRequest{Message: x(64) + "ã"}, Size{2, true, "ã", 72}},
		"what stands below":       {providers.SendRequest{Message: x(0), Ending: all}, Size{1, false, "", 6 + 29 + 12 + 16}},
		"the built-in text":       {providers.SendRequest{Locale: "sw-TZ"}, Size{1, false, "", 68}},
	} {
		c.req.Channel = providers.SMS
		if got, err := Measure(c.req); err != nil || got != c.want {
			t.Errorf("%s: got %+v %v, want %+v", name, got, err, c.want)
		}
	}
}

// What is told before the send is what is sent.
func TestMeasureAgreesWithTheText(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", "{prefix}: {code}, {amount} {duration}", "{code} ✓"} {
		req := request()
		req.Message, req.Ending = message, providers.Ending{DoNotShare: true, WebOTP: "example.com"}
		size, err := Measure(req)
		if text := sent(t, req); err != nil || size.Bytes != len(text) {
			t.Errorf("%q is %+v %v, and has %d bytes", text, size, err, len(text))
		}
	}
}

func TestTextsTooLongForTheirChannelAreNotSent(t *testing.T) {
	t.Parallel()
	text := func(n int, letter string) string { return "{code}" + strings.Repeat(letter, n-6) }
	for name, c := range map[string]struct {
		channel providers.Channel
		message string
		says    string // empty: it is sent
	}{
		"six messages":               {providers.SMS, text(6*153, "x"), ""},
		"seven messages":             {providers.SMS, text(6*153+1, "x"), "takes 7 short messages and may take 6"},
		"six messages beyond GSM":    {providers.SMS, text(6*67, "ã"), ""},
		"seven messages beyond GSM":  {providers.SMS, text(6*67+1, "ã"), "takes 7 short messages"},
		"a call of half a minute":    {providers.Voice, text(500, "é"), ""},
		"a longer call":              {providers.Voice, text(501, "é"), "at most 500"},
		"mail has no bound":          {providers.Email, text(5000, "x"), ""},
		"WhatsApp has one of itself": {providers.WhatsApp, text(5000, "x"), ""},
	} {
		req := request()
		req.Channel, req.Message = c.channel, c.message
		_, err := Measure(req)
		d, problem := builtinLanguages().draft(req)
		if problem != nil {
			t.Fatal(problem)
		}
		_, written := d.write(req.Channel, values{code: "482913"}, time.Minute)
		if (err == nil) != (c.says == "") || (written == nil) != (err == nil) {
			t.Errorf("%s: measured %v, written %v", name, err, written)
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || written.code != "text_too_long") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := new(carrier)
	req := request()
	req.Message = text(6*153+1, "x")
	_, err := newGenerator(t, c, key("k1", 'a')).Send(t.Context(), req)
	e, _ := errors.AsType[*providers.Error](err)
	if e == nil || e.Class != providers.Unsupported || e.Code != "text_too_long" || len(c.got) != 0 {
		t.Errorf("got %v and %d messages", err, len(c.got))
	}
}

func TestMeasureOnOtherChannelsIsZero(t *testing.T) {
	t.Parallel()
	for _, channel := range []providers.Channel{providers.Email, providers.Voice, providers.WhatsApp} {
		if got, err := Measure(providers.SendRequest{Channel: channel}); err != nil || got != (Size{}) {
			t.Errorf("%s: %+v %v", channel, got, err)
		}
	}
	if _, err := Measure(providers.SendRequest{Channel: providers.SMS, Message: "hello"}); err == nil {
		t.Error("a text without a code has a size")
	}
}
