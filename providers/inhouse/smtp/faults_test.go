package smtp_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smtp"
)

// TestAnswersToALetterThatAreNone: once a letter is written, only 250 says that it was taken, and only 4xx and 5xx that
// it was not. Whatever else comes, it may be under way.
func TestAnswersToALetterThatAreNone(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for name, c := range map[string]struct {
		answer func(net.Conn)
		taken  bool
		hangs  bool
	}{
		"as it should be":      {answer: say("250 2.0.0 queued\r\n"), taken: true},
		"in several lines":     {answer: say("250-2.0.0 queued\r\n250 as 7\r\n"), taken: true},
		"octet by octet":       {answer: drip("250 2.0.0 queued\r\n"), taken: true},
		"another success":      {answer: say("251 2.0.0 will forward\r\n")},
		"an answer to others":  {answer: say("354 go on\r\n")},
		"a code that is none":  {answer: say("999 done\r\n")},
		"a page":               {answer: say("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>250 ok</html>")},
		"an empty line":        {answer: say("\r\n")},
		"words without a code": {answer: say("ama.mensah1@people.test: accepted\r\n")},
		"hung up":              {answer: func(net.Conn) {}},
		"truncated":            {answer: say("25")},
		"truncated behind it":  {answer: say("250 2.0.0 que"), taken: true}, // the code is whole
		"the first of lines":   {answer: say("250-2.0.0 queued\r\n")},
		"never stops":          {answer: chatter("250-2.0.0 queued\r\n")},
		"says nothing":         {answer: silent, hangs: true},
		"stops in the middle":  {answer: func(c net.Conn) { say("25")(c); silent(c) }, hangs: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := build(t, &mailServer{address: actor(t, c.answer)}, func(o *smtp.Options) {
				if c.hangs {
					o.Timeout = 100 * time.Millisecond
				}
			})
			ctx, progress := providers.WithProgress(t.Context())
			_, err := tr.Deliver(ctx, suite().Message(1, "{code}"))
			if c.taken {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if class, code := refusal(t, err); class != providers.Ambiguous || code != "" || !progress.Written() {
				t.Errorf("got %v %q (%v), written is %v", class, code, err, progress.Written())
			}
		})
	}
}

// actor is a server that plays its part until a letter has come, and answers that as it is told to. It returns the
// server's address.
func actor(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if play(conn) {
			answer(conn)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// play goes through all that comes before the end of a letter, and tells whether it came to that.
func play(conn net.Conn) bool {
	_, _ = io.WriteString(conn, "220 mail.test\r\n")
	in := bufio.NewScanner(conn)
	for letter := false; in.Scan(); {
		switch line := in.Text(); {
		case letter && line == ".":
			return true
		case letter:
		case strings.HasPrefix(line, "DATA"):
			letter = true
			_, _ = io.WriteString(conn, "354 go on\r\n")
		default:
			_, _ = io.WriteString(conn, "250 ok\r\n")
		}
	}
	return false
}

// drip says a text slowly, in pieces of one octet.
func drip(text string) func(net.Conn) {
	return func(c net.Conn) {
		for i := range text {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
		}
	}
}
