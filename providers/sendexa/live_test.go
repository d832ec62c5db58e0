package sendexa_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/sendexa"
)

// TestLive speaks to Sendexa itself. It sends one SMS, and one wrong code, to the number that it is given.
func TestLive(t *testing.T) {
	key, secret := os.Getenv("OTPGATE_LIVE_SENDEXA_API_KEY"), os.Getenv("OTPGATE_LIVE_SENDEXA_API_SECRET")
	sender, to := os.Getenv("OTPGATE_LIVE_SENDEXA_SENDER"), os.Getenv("OTPGATE_LIVE_SENDEXA_TO")
	if key == "" || secret == "" || sender == "" || to == "" {
		t.Skip("needs an account: set OTPGATE_LIVE_SENDEXA_API_KEY, _API_SECRET, _SENDER and _TO (+233…)")
	}
	o := sendexa.Kind().Options().(*sendexa.Options)
	o.APIKey, o.APISecret, o.Sender = providers.NewSecret(key), providers.NewSecret(secret), sender
	if dialect := os.Getenv("OTPGATE_LIVE_SENDEXA_DIALECT"); dialect != "" {
		o.Dialect = dialect
	}
	p, err := o.Build(providers.Environment{Name: "sendexa-live", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := p.Send(ctx, providers.SendRequest{
		Reference: "live", Channel: providers.SMS,
		To: providers.NewPhone(to, "GH", "0"+strings.TrimPrefix(to, "+233")),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("granted %+v", h.Granted)
	v, err := p.Verify(ctx, h, providers.NewSecret("000000"))
	if err != nil || v.Match {
		t.Errorf("a guess of six zeros was judged %+v, %v; if it is a fault, try the other dialect", v, err)
	}
}
