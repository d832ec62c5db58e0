package sendexa_test

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/sendexa"
	"github.com/otpgate/otpgate/providers/twin"
)

// lose lets op take effect and cuts its answer off.
func lose(t *testing.T, one *twin.Twin, op string) {
	t.Helper()
	if err := one.Faults.Set(twin.Fault{Endpoint: op, Kind: twin.Cut, After: true}); err != nil {
		t.Fatal(err)
	}
}

func TestLostSendCanBeCheckedByNumber(t *testing.T) {
	t.Parallel()
	b := start(t, environment(), "phone")
	lose(t, b.Server.Twin, "send")
	h, err := b.Provider.Send(t.Context(), request())
	checkLost(t, b.Inbox, b.Provider, h, err)
}

func TestLostResendCanBeCheckedByNumber(t *testing.T) {
	t.Parallel()
	b := start(t, environment(), "phone")
	h, err := b.Provider.Send(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	b.Inbox.Clock.Advance(30 * time.Second)
	lose(t, b.Server.Twin, "resend")
	h, err = b.Provider.(*sendexa.Provider).Resend(t.Context(), h, request())
	checkLost(t, b.Inbox, b.Provider, h, err)
}

// checkLost checks the code of a message whose sending was never confirmed.
func checkLost(t *testing.T, inbox *twin.Inbox, p providers.Provider, h providers.Handle, lost error) {
	t.Helper()
	if got := providers.ClassOf(lost); got != providers.Ambiguous {
		t.Fatalf("got %v", lost)
	}
	if string(h.State) != `{"v":1,"phone":"0201234567"}` || h.UpstreamID != "" || h.Granted.Length != 6 {
		t.Fatalf("got %+v with state %s", h, h.State)
	}
	code := fixture("phone").Code(inbox.Messages("+233201234567", providers.SMS)[0].Text)
	if v, err := p.Verify(t.Context(), h, providers.NewSecret(code)); err != nil || !v.Match {
		t.Errorf("the code was judged %+v, %v", v, err)
	}
}

func TestLostSendByIDLeavesNothing(t *testing.T) {
	t.Parallel()
	b := start(t, environment(), "id")
	lose(t, b.Server.Twin, "send")
	h, err := b.Provider.Send(t.Context(), request())
	if providers.ClassOf(err) != providers.Ambiguous || h.State != nil {
		t.Errorf("got %v, %+v", err, h)
	}
}

// What fails for sure leaves nothing either.
func TestRefusedConnectionLeavesNothing(t *testing.T) {
	t.Parallel()
	b := start(t, environment(), "phone")
	_ = b.Server.Close()
	h, err := b.Provider.Send(t.Context(), request())
	if providers.ClassOf(err) != providers.Transient || h.State != nil {
		t.Errorf("got %v, %+v", err, h)
	}
}
