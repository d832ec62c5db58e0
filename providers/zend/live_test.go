package zend_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/zend"
)

// TestLive speaks to Zend itself. It sends one SMS, and one wrong code, to the number that it is given.
func TestLive(t *testing.T) {
	key, to := os.Getenv("OTPGATE_LIVE_ZEND_API_KEY"), os.Getenv("OTPGATE_LIVE_ZEND_TO")
	if key == "" || to == "" {
		t.Skip("needs an account: set OTPGATE_LIVE_ZEND_API_KEY and _TO (+233…)")
	}
	o := zend.Kind().Options().(*zend.Options)
	o.APIKey = providers.NewSecret(key)
	built, err := o.Build(providers.Environment{Name: "zend-live", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*zend.Provider)
	defer func() { _ = p.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := p.Send(ctx, providers.SendRequest{
		Reference: "live", App: "otpgate", To: providers.NewPhone(to, "GH", ""), Channel: providers.SMS,
		Wish: providers.CodeWish{Length: 6, Expiry: 5 * time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("granted %+v", h.Granted)
	before, err := p.Status(ctx, h)
	if err != nil || before.Final {
		t.Errorf("a new session stands at %+v, %v", before, err)
	}
	v, err := p.Verify(ctx, h, providers.NewSecret("000000"))
	if err != nil || v.Match || v.AttemptsLeft < 0 {
		t.Errorf("a guess of six zeros was judged %+v, %v; how Zend says wrong is what README.md wants to know", v, err)
	}
}
