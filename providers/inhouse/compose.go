package inhouse

import (
	"crypto/rand"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// unfit is why a text cannot be sent. Its text is for people and quotes nothing of the message.
type unfit struct{ code, text string }

// Error implements error.
func (u *unfit) Error() string { return u.text }

// draft is a message before its values are known.
type draft struct {
	words language
	text  text
}

// draft finds the text of req, the caller's or that of the language, and writes below it what is to stand there.
func (l languages) draft(req providers.SendRequest) (draft, *unfit) {
	d := draft{words: l.of(req.Locale)}
	d.text = d.words.text
	if req.Message != "" {
		if d.text = parse(req.Message); !d.text.has("code") {
			return draft{}, &unfit{"no_code_in_message", "the message has no {code}"}
		}
	}
	d.text = d.words.end(d.text, req)
	return d, nil
}

// end writes below a text what req asks for. A built-in text says by itself that the code is not to be shared. The
// line for WebOTP is the last one, as browsers want it (WICG, Origin-bound one-time codes delivered via SMS); Android
// wants its hash within the message (Google, SMS Retriever API).
func (l language) end(t text, req providers.SendRequest) text {
	e := req.Ending
	end := t[:len(t):len(t)]
	if e.DoNotShare && req.Message != "" {
		end = end.literal("\n" + l.doNotShare)
	}
	if req.Channel != providers.SMS {
		return end
	}
	if e.Android != "" {
		end = end.literal("\n" + cleanLine(e.Android))
	}
	if e.WebOTP != "" {
		end = append(end.literal("\n@"+cleanLine(e.WebOTP)+" #"), piece{name: "code"})
	}
	return end
}

// write fills the draft in, and refuses a text that its channel does not carry.
func (d draft) write(channel providers.Channel, v values, expiry time.Duration) (string, *unfit) {
	v.amount, v.duration = d.words.life(expiry)
	text := d.text.fill(v)
	return text, tooLong(channel, text)
}

// prefixLength is the number of letters of a prefix.
const prefixLength = 4

// prefix is what stands for {prefix}: had, where the message went out before, else new letters; none where the text has
// no place for it. It is drawn from the letters of codes, which spell no word and are not mistaken for each other, and
// has nothing to do with the code: everybody may know it.
func (d draft) prefix(had string) string {
	switch {
	case !d.text.has("prefix"):
		return ""
	case had != "":
		return had
	}
	set := characters(providers.Alphabetic)
	letters := make([]byte, 0, prefixLength)
	for len(letters) < prefixLength {
		var random [8]byte
		_, _ = rand.Read(random[:]) // never fails: the program ends if the system has no randomness
		for _, b := range random {
			if limit := 256 / len(set) * len(set); int(b) < limit && len(letters) < prefixLength {
				letters = append(letters, set[int(b)%len(set)])
			}
		}
	}
	return string(letters)
}
