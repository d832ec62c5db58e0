package providertest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// name is what the provider under test is called in the configuration.
const name = "under-test"

// patience bounds every call of the suite that nothing holds up.
const patience = 10 * time.Second

// Fixture tells the suite about one kind of provider.
type Fixture struct {
	// Start makes a provider in env and, where the upstream is spoken to over HTTP, the twin that it talks to. It is
	// called for every subtest anew, and gives back what it opened by t.Cleanup. Credentials must be unlike any other
	// text.
	Start func(t *testing.T, env providers.Environment) Bench
	// Recipient is a person whom the provider reaches on channel. tail is four digits: a number ends in them, an e-mail
	// address has them before the @.
	Recipient func(channel providers.Channel, tail string) providers.Recipient
	// Code finds the code in a text that was delivered.
	Code func(text string) string
	// Secrets are the credentials that Start gives the provider. No error and no log may show them.
	Secrets []string
	// Wire is the request that the twin must get for op. Nil: there is no twin.
	Wire func(op string, x Exchange) Wire
	// Lifetime is after how long, by the inbox's clock, the upstream refuses a code that was asked for without a wish.
	Lifetime time.Duration
	// Cooldown is how long a resend has to wait there, by the inbox's clock.
	Cooldown time.Duration
	// Magic is the class of the error that a send to a magic number must give. Traits that are left out are not tried.
	Magic map[twin.Trait]providers.Class
	// Skip names the subtests that cannot apply, and says why.
	Skip map[string]string
}

// Bench is a provider and what stands around it.
type Bench struct {
	Provider providers.Provider
	Server   *twin.Server // the running twin; nil: the upstream is not spoken to over HTTP
	Inbox    *twin.Inbox  // where messages arrive
}

// Exchange is one operation, with all that its request can depend on.
type Exchange struct {
	Send   providers.SendRequest
	Handle providers.Handle // before the operation; empty for a send
	Code   string           // of a verify
}

// Wire is a request as an upstream gets it.
type Wire struct {
	Method string
	Path   string            // as it is written, escapes and all
	Query  string            // without the question mark
	Header map[string]string // besides others
	Body   string            // byte for byte
}

// bench is a Bench in one subtest.
type bench struct {
	Bench
	fixture Fixture
	log     *journal
}

// start makes the bench of a subtest. When it ends, the log is searched for what must not be in it.
func (f Fixture) start(t *testing.T) *bench { return f.startWithin(t, patience) }

func (f Fixture) startWithin(t *testing.T, timeout time.Duration) *bench {
	t.Helper()
	log := new(journal)
	b := f.Start(t, providers.Environment{
		Name: name, Timeout: timeout,
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	one := &bench{Bench: b, fixture: f, log: log}
	t.Cleanup(func() { one.searched(t, "the log", log.String()) })
	return one
}

// request is a plain send to the person with tail on the provider's first channel.
func (b *bench) request(tail string) providers.SendRequest {
	return b.requestOn(b.Provider.Info().Coverage[0].Channel, tail)
}

func (b *bench) requestOn(channel providers.Channel, tail string) providers.SendRequest {
	return providers.SendRequest{
		Reference: "01jtdre6ga9vqk1ce154p0j" + tail,
		App:       "shop",
		To:        b.fixture.Recipient(channel, tail),
		Channel:   channel,
	}
}

// send has a code delivered and returns it with its handle.
func (b *bench) send(t *testing.T, req providers.SendRequest) (providers.Handle, string) {
	t.Helper()
	h, err := b.Provider.Send(bounded(t), req)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return h, b.newest(t, req)
}

// sendAndCool sends, and waits until a resend is welcome.
func (b *bench) sendAndCool(t *testing.T, req providers.SendRequest) (providers.Handle, string) {
	t.Helper()
	h, code := b.send(t, req)
	b.Inbox.Clock.Advance(b.fixture.Cooldown)
	return h, code
}

// newest is the code in the newest message for req.
func (b *bench) newest(t *testing.T, req providers.SendRequest) string {
	t.Helper()
	messages := b.Inbox.Messages(req.To.Address(), req.Channel)
	if len(messages) == 0 {
		t.Fatal("nothing was delivered")
	}
	code := b.fixture.Code(messages[0].Text)
	if code == "" {
		t.Fatal("the delivered text holds no code")
	}
	return code
}

// asked counts the requests that the twin got for op; empty: for any.
func (b *bench) asked(op string) int {
	if b.Server == nil {
		return 0
	}
	return len(b.Server.Twin.Requests(op))
}

// resender skips the subtest where the provider has no resend of its own.
func (b *bench) resender(t *testing.T) providers.Resender {
	t.Helper()
	r, ok := b.Provider.(providers.Resender)
	if !ok {
		t.Skip("the upstream has no resend of its own")
	}
	return r
}

// overHTTP skips the subtest where there is no twin.
func (b *bench) overHTTP(t *testing.T) {
	t.Helper()
	if b.Server == nil {
		t.Skip("the upstream is not spoken to over HTTP")
	}
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// person is the tail of the nth ordinary person.
func person(n int) string { return fmt.Sprintf("%04d", n) }

// wrong is a code of the same shape as code that is not code.
func wrong(code string) string {
	last := code[len(code)-1]
	switch last {
	case '9':
		last = '0'
	case 'z', 'Z':
		last -= 'z' - 'a'
	default:
		last++
	}
	return code[:len(code)-1] + string(last)
}

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
