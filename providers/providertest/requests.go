package providertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// exactRequests compares every request with the one that the fixture knows, on each channel.
func exactRequests(t *testing.T, f Fixture) {
	b := f.start(t)
	b.overHTTP(t)
	for _, c := range b.Provider.Info().Coverage {
		req := b.requestOn(c.Channel, person(1))
		h, code := b.sendAndCool(t, req)
		b.compare(t, "send", Exchange{Send: req})
		if r, ok := b.Provider.(providers.Resender); ok {
			again, err := r.Resend(bounded(t), h, req)
			if err != nil {
				t.Fatalf("resend: %v", err)
			}
			b.compare(t, "resend", Exchange{Send: req, Handle: h})
			h, code = again, b.newest(t, req)
		}
		b.verify(t, h, code)
		b.compare(t, "verify", Exchange{Send: req, Handle: h, Code: code})
	}
}

func (b *bench) compare(t *testing.T, op string, x Exchange) {
	t.Helper()
	all := b.Server.Twin.Requests(op)
	if len(all) == 0 {
		t.Fatalf("the twin got no %s", op)
	}
	got, want := all[len(all)-1], b.fixture.Wire(op, x)
	seen := Wire{Method: got.Method, Path: got.Path, Query: got.Query, Body: got.Body, Header: map[string]string{}}
	for key := range want.Header {
		seen.Header[key] = got.Header.Get(key)
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", op, diff)
	}
}

func magicNumbers(t *testing.T, f Fixture) {
	if len(f.Magic) == 0 {
		t.Skip("the upstream has no magic numbers")
	}
	b := f.start(t)
	for _, m := range twin.MagicNumbers() {
		want, ok := f.Magic[m.Trait]
		if !ok {
			continue
		}
		req := b.request(m.Tail)
		_, err := b.Provider.Send(bounded(t), req)
		if e := b.failed(t, err, "send", spellings(req.To)...); e.Class != want {
			t.Errorf("a send to a number that is %s failed with %v, not as %v", m.Trait, e, want)
		}
	}
}
