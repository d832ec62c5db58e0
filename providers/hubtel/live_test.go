package hubtel_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hubtel"
)

// TestLive speaks to Hubtel itself. It sends one SMS, and one wrong code, to the number that it is given.
func TestLive(t *testing.T) {
	id, secret := os.Getenv("OTPGATE_LIVE_HUBTEL_CLIENT_ID"), os.Getenv("OTPGATE_LIVE_HUBTEL_CLIENT_SECRET")
	sender, to := os.Getenv("OTPGATE_LIVE_HUBTEL_SENDER"), os.Getenv("OTPGATE_LIVE_HUBTEL_TO")
	if id == "" || secret == "" || sender == "" || to == "" {
		t.Skip("needs an account: set OTPGATE_LIVE_HUBTEL_CLIENT_ID, _CLIENT_SECRET, _SENDER and _TO (+233…)")
	}
	o := hubtel.Kind().Options().(*hubtel.Options)
	o.ClientID, o.ClientSecret, o.Sender = providers.NewSecret(id), providers.NewSecret(secret), sender
	p, err := o.Build(providers.Environment{Name: "hubtel-live", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := p.Send(ctx, providers.SendRequest{
		Reference: "live", To: providers.NewPhone(to, "GH", ""), Channel: providers.SMS,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("prefix %s", h.Prefix)
	v, err := p.Verify(ctx, h, providers.NewSecret("0000"))
	if err != nil || v.Match {
		t.Errorf("four zeros were judged %+v, %v: README.md wants to know how Hubtel says wrong", v, err)
	}
}
