package smpp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// dialer opens sessions.
type dialer struct {
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	address  string      // host and port
	tls      *tls.Config // nil: in the clear
	patience time.Duration
	heard    func(*pdu.Message)
	bind     pdu.Bind
}

// open connects and binds.
func (d *dialer) open(ctx context.Context) (*session, *providers.Error) {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	conn, at, err := d.connect(ctx)
	if err != nil {
		return nil, failure(ctx, at, err)
	}
	s := newSession(conn, d.patience, d.heard)
	if refused := d.introduce(ctx, s); refused != nil {
		s.end(refused)
		<-s.silent
		return nil, refused
	}
	return s, nil
}

func (d *dialer) connect(ctx context.Context) (net.Conn, stage, error) {
	conn, err := d.dial(ctx, "tcp", d.address)
	if err != nil || d.tls == nil {
		return conn, atConnect, err
	}
	secured := tls.Client(conn, d.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, atTLS, err
	}
	return secured, atTLS, nil
}

func (d *dialer) introduce(ctx context.Context, s *session) *providers.Error {
	bind := d.bind
	q, err := s.ask(ctx, pdu.BindTransceiver, &bind)
	if err != nil {
		return failure(ctx, atBind, err)
	}
	answer, err := q.wait(ctx)
	if err != nil {
		return failure(ctx, atBind, err)
	}
	return refusal(atBind, answer)
}

// binder opens one bind, keeps it, and opens it again whenever it is lost.
type binder struct {
	line    *line
	pool    *pool
	dialer  *dialer
	enquire time.Duration
	log     *slog.Logger
}

// attempt is what became of one attempt to bind.
type attempt struct {
	bound bool
	held  time.Duration    // how long the bind lasted
	why   *providers.Error // of its end, or of there being none
}

// hopeful tells whether the next attempt may well fare better: the bind was up a moment ago, or the SMSC answers and
// has nothing against our account. After a reload, for one, it may still count the binds of before.
func (a attempt) hopeful() bool {
	answered := a.why.Code != ""
	return a.bound || answered && a.why.Class != providers.Credentials
}

// run returns when ctx has ended and the bind is given up.
func (b *binder) run(ctx context.Context) {
	var wait pause
	for ctx.Err() == nil {
		b.pool.trying(b.line)
		was := b.hold(ctx)
		next := wait.after(was.held)
		b.pool.down(b.line, was.why, time.Now().Add(next), was.hopeful())
		if ctx.Err() == nil {
			b.tell(ctx, was, next)
			sleep(ctx, next)
		}
	}
}

// hold opens a session and keeps it for as long as it can be kept.
func (b *binder) hold(ctx context.Context) attempt {
	s, refused := b.dialer.open(ctx)
	if refused != nil {
		return attempt{why: refused}
	}
	since := time.Now()
	b.log.InfoContext(ctx, "bound to the SMSC")
	b.pool.up(b.line, s)
	s.keep(ctx, b.enquire)
	s.bye()
	return attempt{bound: true, held: time.Since(since), why: failure(ctx, atLink, s.reason())}
}

// tell logs why a bind went down: loudly if nothing but a change of the settings will help.
func (b *binder) tell(ctx context.Context, was attempt, next time.Duration) {
	level, message := slog.LevelWarn, "cannot bind to the SMSC"
	switch {
	case was.why.Class == providers.Credentials:
		level, message = slog.LevelError, "the SMSC refuses our account"
	case was.bound:
		message = "lost the bind to the SMSC"
	}
	b.log.Log(ctx, level, message,
		"class", was.why.Class.String(), "code", was.why.Code, "error", was.why.Err.Error(), "again_in", next)
}

// The pauses between two attempts.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// pause is how long to wait before the next attempt. It doubles with each until a session has held for long.
type pause struct{ attempts int }

// after returns the next pause after a session that held so long. Up to half of it is left to chance, so that many
// gateways do not come back in the same moment.
func (p *pause) after(held time.Duration) time.Duration {
	if held > longestPause {
		p.attempts = 0
	}
	full := min(firstPause<<p.attempts, longestPause)
	if full < longestPause {
		p.attempts++
	}
	return full/2 + rand.N(full/2)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
