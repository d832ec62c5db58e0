package inhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

var (
	_ providers.Resender   = (*generator)(nil)
	_ providers.CodeReader = (*generator)(nil)
)

const testReference = "01jtdre6ga9vqk1ce154p0jjwr"

// carrier is a transport that keeps what it is given and answers as it is told.
type carrier struct {
	mu     sync.Mutex
	got    []transport.Message
	err    error
	closed error
}

func (c *carrier) Deliver(_ context.Context, m transport.Message) (transport.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m)
	return transport.Receipt{ID: fmt.Sprint("m", len(c.got))}, c.err
}

func (c *carrier) Close() error { return c.closed }

func (c *carrier) last(t *testing.T) transport.Message {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		t.Fatal("nothing was delivered")
	}
	return c.got[len(c.got)-1]
}

// oneTransport are options as Check leaves them: c for SMS.
type oneTransport struct{ c transport.Transport }

func (oneTransport) Check(providers.Block) {}

func (o oneTransport) Build(providers.Environment) (transport.Transport, error) { return o.c, nil }

func newGenerator(t *testing.T, c transport.Transport, keys ...providers.CodeKey) *generator {
	t.Helper()
	o := &Options{
		USSD:   USSD{Dial: "*920*7#"},
		chosen: map[providers.Channel]transport.Options{providers.SMS: oneTransport{c}, providers.Email: oneTransport{c}},
	}
	p, err := o.Build(providers.Environment{Name: "own", CodeKeys: keys})
	if err != nil {
		t.Fatal(err)
	}
	g, ok := p.(*generator)
	if !ok {
		t.Fatalf("built a %T", p)
	}
	return g
}

func request() providers.SendRequest {
	return providers.SendRequest{
		Reference: testReference,
		App:       "shop",
		To:        providers.NewPhone("+233201234567", "GH", "0201234567"),
		Channel:   providers.SMS,
		Sender:    "Shop",
		Wish:      providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3},
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	info := newGenerator(t, new(carrier), key("k1", 'a')).Info()
	if info.Name != "own" || info.Kind != "inhouse" || info.USSD != "*920*7#" || len(info.Coverage) != 2 || !info.ChecksHere {
		t.Errorf("got %+v", info)
	}
	c, ok := info.On(providers.SMS)
	lengths := providers.Range[int]{Min: 4, Max: 10}
	if !ok || !c.Message || len(c.Countries) != 0 || len(c.Alphabets) != 3 || c.Length != lengths {
		t.Errorf("got %+v", c)
	}
}

func TestSendHasTheCodeDelivered(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	h, err := g.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	m := c.last(t)
	code := m.Code.Reveal()
	if want := code + " is your code. It expires in 10 minutes. Do not share it with anyone."; m.Text.Reveal() != want {
		t.Errorf("text %q, want %q", m.Text.Reveal(), want)
	}
	if m.Reference != testReference || m.Channel != providers.SMS || m.App != "shop" || m.Sender != "Shop" ||
		m.To.Address() != "+233201234567" || m.Subject != "Your verification code" || strings.Contains(m.Subject, code) {
		t.Errorf("got %+v", m)
	}
	want := providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3}
	if diff := cmp.Diff(want, h.Granted); diff != "" {
		t.Error(diff)
	}
	if h.UpstreamID != "m1" || strings.Contains(fmt.Sprintf("%+v %s", h, h.State), code) {
		t.Errorf("handle %+v", h)
	}
	if printed := fmt.Sprintf("%+v %#v", m, m); strings.Contains(printed, code) {
		t.Errorf("a printed message shows the code: %s", printed)
	}
}

func TestWishesAreGranted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wish providers.CodeWish
		want providers.Granted
	}{
		"none": {providers.CodeWish{}, providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute}},
		"all": {
			providers.CodeWish{Length: 10, Alphabet: providers.Alphabetic, Expiry: time.Hour, Attempts: 10},
			providers.Granted{Length: 10, Alphabet: providers.Alphabetic, Expiry: time.Hour, Attempts: 10},
		},
		"too little": {
			providers.CodeWish{Length: 1, Expiry: time.Second, Attempts: -1},
			providers.Granted{Length: 4, Alphabet: providers.Numeric, Expiry: time.Minute, Attempts: 1},
		},
		"too much": {
			providers.CodeWish{Length: 99, Alphabet: providers.Alphanumeric, Expiry: 48 * time.Hour, Attempts: 99},
			providers.Granted{Length: 10, Alphabet: providers.Alphanumeric, Expiry: 24 * time.Hour, Attempts: 10},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carried := new(carrier)
			req := request()
			req.Wish = c.wish
			h, err := newGenerator(t, carried, key("k1", 'a')).Send(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, h.Granted); diff != "" {
				t.Error(diff)
			}
			if code := carried.last(t).Code.Reveal(); !h.Granted.Fits(code) || len(code) != c.want.Length {
				t.Error("the code is not as granted")
			}
		})
	}
}

func TestCallersTextIsUsed(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	req := request()
	req.Message = "{app} : {code}, {amount} {duration}\x07"
	req.Locale, req.Wish.Expiry, req.Sender = "fr-CI", time.Hour, "Shop\r\nX: y"
	if _, err := newGenerator(t, c, key("k1", 'a')).Send(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	m := c.last(t)
	if want := "shop : " + m.Code.Reveal() + ", 1 heure"; m.Text.Reveal() != want || m.Sender != "Shop X: y" {
		t.Errorf("got %q from %q, want %q", m.Text.Reveal(), m.Sender, want)
	}
}

func TestVerifyJudges(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	req := request()
	req.Wish = providers.CodeWish{Length: 8, Alphabet: providers.Alphabetic}
	h, err := g.Send(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	code := c.last(t).Code.Reveal()
	for name, guess := range map[string]struct {
		code  string
		match bool
	}{
		"right":       {code, true},
		"lower case":  {strings.ToLower(code), true},
		"empty":       {"", false},
		"shorter":     {code[:7], false},
		"longer":      {code + "A", false},
		"with spaces": {" " + code, false},
		"in halves":   {code[:4] + "-" + code[4:], false},
		"wrong":       {strings.Map(func(r rune) rune { return 'A' + (r-'A'+1)%26 }, code), false},
	} {
		v, err := g.Verify(t.Context(), h, providers.NewSecret(guess.code))
		if want := (providers.Verdict{Match: guess.match, AttemptsLeft: -1}); err != nil || v != want {
			t.Errorf("%s: got %+v %v, want %+v", name, v, err, want)
		}
	}
}

func TestEverySendHasACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	req := request()
	req.Wish.Length, req.Wish.Alphabet = 10, providers.Alphanumeric
	seen := make(map[string]bool)
	for range 50 {
		if _, err := g.Send(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		seen[c.last(t).Code.Reveal()] = true
	}
	if len(seen) != 50 {
		t.Errorf("50 sends of one verification made %d codes", len(seen))
	}
}

func TestResendRepeatsTheCode(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	h, err := g.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	first := c.last(t)
	req := request()
	req.Channel, req.To, req.Wish.Expiry = providers.Email, providers.NewEmail("ama@example.test"), 3*time.Minute
	again, err := g.Resend(t.Context(), h, req)
	if err != nil {
		t.Fatal(err)
	}
	second := c.last(t)
	if !second.Code.Equal(first.Code) || second.To.Address() != "ama@example.test" ||
		!strings.Contains(second.Text.Reveal(), "in 3 minutes") {
		t.Errorf("the second message is %+v", second)
	}
	want := h
	want.UpstreamID = "m2"
	if diff := cmp.Diff(want, again); diff != "" {
		t.Error(diff)
	}
}

func TestTimeLeftOnResend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ granted, wished, want time.Duration }{
		{10, 0, 10}, {10, 3, 3}, {10, 20, 10}, {0, 3, 3}, {0, 0, defaultExpiry},
	} {
		if got := left(c.granted, c.wished); got != c.want {
			t.Errorf("granted %d, wished %d: got %d, want %d", c.granted, c.wished, got, c.want)
		}
	}
}

func TestCodeIsToldAgain(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	h, err := g.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	if code, err := g.Code(h); err != nil || !code.Equal(c.last(t).Code) {
		t.Errorf("got another code, %v", err)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	old, young := key("k1", 'a'), key("k2", 'b')
	h, err := newGenerator(t, c, old).Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	code := c.last(t).Code
	rotated := newGenerator(t, c, young, old)
	if v, err := rotated.Verify(t.Context(), h, code); err != nil || !v.Match {
		t.Errorf("a code of the old key: %+v %v", v, err)
	}
	fresh, err := rotated.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := decode(fresh.State); err != nil || r.keyID != "k2" {
		t.Errorf("signed with %q, want the first key", r.keyID)
	}
	impostor := newGenerator(t, c, key("k1", 'z'))
	if v, err := impostor.Verify(t.Context(), h, code); err != nil || v.Match {
		t.Errorf("another key of the same id: %+v %v", v, err)
	}
}

func TestWhatIsGone(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	h, err := newGenerator(t, c, key("k1", 'a')).Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(t, c, key("k2", 'b'))
	for code, h := range map[string]providers.Handle{"key_gone": h, "unknown_state": {State: []byte("x")}} {
		_, verifyErr := g.Verify(t.Context(), h, providers.NewSecret("123456"))
		_, resendErr := g.Resend(t.Context(), h, request())
		_, codeErr := g.Code(h)
		for op, err := range map[string]error{"verify": verifyErr, "resend": resendErr, "code": codeErr} {
			e, ok := errors.AsType[*providers.Error](err)
			if !ok || e.Class != providers.Gone || e.Code != code || e.Op != op || e.Provider != "own" {
				t.Errorf("%s, %s: got %+v", code, op, err)
			}
		}
	}
	if len(c.got) != 1 {
		t.Error("a code was delivered although its key is gone")
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	for code, change := range map[string]func(*providers.SendRequest){
		"no_transport":       func(r *providers.SendRequest) { r.Channel = providers.Voice },
		"no_code_in_message": func(r *providers.SendRequest) { r.Message = "your code is {otp}" },
		"bad_request":        func(r *providers.SendRequest) { r.Wish.Alphabet = "runes" },
	} {
		req := request()
		change(&req)
		h, err := g.Send(t.Context(), req)
		e, ok := errors.AsType[*providers.Error](err)
		if !ok || e.Class != providers.Unsupported || e.Code != code || e.Op != "send" || h.State != nil {
			t.Errorf("%s: got %+v %v", code, h, err)
		}
	}
	req := request()
	req.Reference = strings.Repeat("r", maxText+1)
	if _, err := g.Send(t.Context(), req); providers.ClassOf(err) != providers.Unsupported {
		t.Errorf("overlong reference: %v", err)
	}
	h, err := g.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	req = request()
	req.Channel = providers.WhatsApp
	if _, err := g.Resend(t.Context(), h, req); providers.ClassOf(err) != providers.Unsupported {
		t.Errorf("resend without a transport: %v", err)
	}
	if len(c.got) != 1 {
		t.Errorf("%d messages were delivered, want one", len(c.got))
	}
}

func TestTransportFailures(t *testing.T) {
	t.Parallel()
	for _, class := range providers.Classes() {
		t.Run(class.String(), func(t *testing.T) {
			t.Parallel()
			cause := errors.New("cause")
			c := &carrier{err: fmt.Errorf("secret 482913: %w", &providers.Error{
				Class: class, Code: "550 5.1.1", RetryAfter: time.Minute, Err: cause,
			})}
			g := newGenerator(t, c, key("k1", 'a'))
			h, err := g.Send(t.Context(), request())
			e, ok := errors.AsType[*providers.Error](err)
			want := providers.Error{
				Provider: "own", Op: "send", Class: class, Code: "550 5.1.1", RetryAfter: time.Minute, Err: cause,
			}
			if !ok || *e != want || strings.Contains(err.Error(), "secret") {
				t.Fatalf("got %+v, want %+v", err, want)
			}
			if kept := h.State != nil; kept != (class == providers.Ambiguous) {
				t.Fatalf("the handle is kept: %v", kept)
			}
			if class == providers.Ambiguous {
				if v, err := g.Verify(t.Context(), h, c.last(t).Code); err != nil || !v.Match {
					t.Errorf("a code that may have arrived must be good: %+v %v", v, err)
				}
			}
		})
	}
}

func TestForeignErrorIsNotQuoted(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, &carrier{err: errors.New("canary +233201234567 482913")}, key("k1", 'a'))
	h, err := g.Send(t.Context(), request())
	said := fmt.Sprintf("%+v", err)
	if providers.ClassOf(err) != providers.Unknown || strings.Contains(said, "canary") || h.State != nil {
		t.Errorf("got %v", err)
	}
}

func TestCloseClosesTransports(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := newGenerator(t, &carrier{closed: broken}, key("k1", 'a')).Close(); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := newGenerator(t, new(carrier), key("k1", 'a')).Close(); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestParallelUse(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, new(carrier), key("k1", 'a'))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			h, err := g.Send(t.Context(), request())
			if err != nil {
				t.Error(err)
				return
			}
			code, err := g.Code(h)
			if err != nil {
				t.Error(err)
			}
			if v, err := g.Verify(t.Context(), h, code); err != nil || !v.Match {
				t.Errorf("got %+v %v", v, err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkVerify(b *testing.B) {
	p, err := (&Options{chosen: map[providers.Channel]transport.Options{providers.SMS: oneTransport{new(carrier)}}}).
		Build(providers.Environment{Name: "own", CodeKeys: []providers.CodeKey{key("k1", 'a')}})
	if err != nil {
		b.Fatal(err)
	}
	h, err := p.Send(b.Context(), request())
	if err != nil {
		b.Fatal(err)
	}
	guess := providers.NewSecret("000000")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Verify(b.Context(), h, guess); err != nil {
			b.Fatal(err)
		}
	}
}

// places is a block that keeps the places that it was asked about.
type places struct{ asked []string }

func (p *places) Refuse(_ string, path ...string) { p.asked = append(p.asked, strings.Join(path, ".")) }

func (p *places) Warn(_ string, path ...string) { p.asked = append(p.asked, strings.Join(path, ".")) }

func (p *places) Decode(_ any, path ...string) bool {
	p.asked = append(p.asked, strings.Join(path, "."))
	return true
}

func TestTransportSeesItsOwnBlockOnly(t *testing.T) {
	t.Parallel()
	p := new(places)
	w := within{block: p, path: []string{"transports", "sms"}}
	w.Refuse("wrong", "port")
	w.Warn("odd")
	w.Decode(nil, "headers", "x")
	want := []string{"transports.sms.port", "transports.sms", "transports.sms.headers.x"}
	if diff := cmp.Diff(want, p.asked); diff != "" {
		t.Error(diff)
	}
}
