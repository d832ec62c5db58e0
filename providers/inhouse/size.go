package inhouse

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/gsm"
)

// The longest texts that are sent. E-mail has no such bound, and a WhatsApp template has one of its own.
const (
	maxSegments = 6   // short messages for one text
	maxSpoken   = 500 // characters of a call: half a minute of speech
)

const tooLongCode = "text_too_long"

// Size is how a text travels by SMS.
type Size struct {
	Segments int    // short messages that it takes
	UCS2     bool   // 70 characters to a message and 67 to a part of several; else the GSM alphabet, 160 and 153
	Odd      string // the characters that the GSM alphabet lacks, each once
	Bytes    int    // of the text as UTF-8
}

// Measure tells the size of the text that a send of req by SMS would carry; the size is zero on other channels. The
// error says in a sentence for people why the channel cannot carry the text.
func Measure(req providers.SendRequest) (Size, error) {
	d, problem := builtinLanguages().draft(req)
	if problem != nil {
		return Size{}, problem
	}
	c := coverage(req.Channel)
	granted := grant(c, req.Wish)
	sample := values{
		code: strings.Repeat("8", granted.Length), prefix: strings.Repeat("M", prefixLength), app: req.App,
	}
	text, problem := d.write(req.Channel, sample, granted.Expiry)
	switch {
	case problem != nil:
		return Size{}, problem
	case req.Channel != providers.SMS:
		return Size{}, nil
	}
	split := gsm.Split(text)
	return Size{Segments: len(split.Segments), UCS2: split.UCS2, Odd: odd(text), Bytes: len(text)}, nil
}

// odd are the characters of text that the GSM alphabet lacks.
func odd(text string) string {
	var b strings.Builder
	for _, r := range text {
		if _, known := gsm.Encode(string(r)); !known && !strings.ContainsRune(b.String(), r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// tooLong tells why a channel does not carry a text, which is never cut; nil: it does.
func tooLong(channel providers.Channel, text string) *unfit {
	switch channel {
	case providers.SMS:
		if n := gsm.Count(text); n > maxSegments {
			return &unfit{tooLongCode, fmt.Sprintf("the text takes %d short messages and may take %d; shorten it, "+
				"or write it in the GSM alphabet", n, maxSegments)}
		}
	case providers.Voice:
		if n := utf8.RuneCountInString(text); n > maxSpoken {
			return &unfit{tooLongCode, fmt.Sprintf("a text of %d characters is too long for a call; at most %d are "+
				"spoken", n, maxSpoken)}
		}
	case providers.WhatsApp, providers.Email, providers.USSD:
	}
	return nil
}
