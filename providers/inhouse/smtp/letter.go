package smtp

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// writer turns messages into letters.
type writer struct {
	from     mail.Address
	bounce   string            // address of the envelope
	subject  string            // of the options; empty: that of the message
	subjects map[string]string // in place of subject, by locale
	page     string            // of the options; empty: the built-in one
}

// letter is one e-mail, ready to be submitted.
type letter struct {
	id       string // Message-ID, without brackets
	from, to string // addresses of the envelope
	data     []byte // header and body
}

// write renders m, as text and as HTML. Nothing in m can add a header: names and subject lose their control characters
// here, and what is not plain text in them is encoded (RFC 2047). The fields stand in the same order in every letter,
// each once, and lines are as short as mail servers like them: nobody on the way has a reason to touch what a relay has
// signed.
func (w writer) write(m transport.Message) (letter, error) {
	to := m.To.Address()
	if !deliverable(to) {
		return letter{}, &providers.Error{Class: providers.Rejected, Err: errNoAddress}
	}
	l := letter{id: rand.Text() + "@" + domainOf(w.from.Address), from: w.bounce, to: to}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Name: cmp.Or(w.name(m), w.from.Name), Address: w.from.Address})
	msg.ToMailAddress(&mail.Address{Address: to})
	subject := w.title(m)
	msg.Subject(subject)
	msg.SetDateWithValue(time.Now().UTC())
	msg.SetMessageIDWithValue(l.id)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no absence notes, please
	msg.SetBodyString(gomail.TypeTextPlain, m.Text.Reveal())
	if page := w.pageOf(m, subject); page != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, page)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return letter{}, &providers.Error{Class: providers.Unknown, Err: errNoLetter}
	}
	l.data = b.Bytes()
	return l, nil
}

// name is what the app wants to be called. An address in place of a name would pose as another sender.
func (writer) name(m transport.Message) string {
	name := line(m.Sender)
	if strings.Contains(name, "@") {
		return ""
	}
	return name
}

// title is the subject: that of the options in the language of the text, else that for all, else the built-in one.
func (w writer) title(m transport.Message) string {
	language, _, _ := strings.Cut(m.Locale, "-")
	title := cmp.Or(w.subjects[m.Locale], w.subjects[language], w.subject)
	if title == "" {
		return line(m.Subject)
	}
	return line(strings.ReplaceAll(title, "{app}", cmp.Or(m.Sender, m.App)))
}

func line(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s))
}

// deliverable tells whether address can stand in a command as it is.
func deliverable(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address && parsed.Name == "" &&
		!strings.ContainsFunc(address, func(r rune) bool {
			return unicode.IsControl(r) || unicode.IsSpace(r) || r == '<' || r == '>'
		})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
