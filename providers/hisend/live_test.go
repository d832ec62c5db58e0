package hisend_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend"
)

// TestLive speaks to Hisend itself. It sends one code, and one wrong guess, to the number or address that it is given.
func TestLive(t *testing.T) {
	key, to := os.Getenv("OTPGATE_LIVE_HISEND_API_KEY"), os.Getenv("OTPGATE_LIVE_HISEND_TO")
	if key == "" || to == "" {
		t.Skip("needs an account: set OTPGATE_LIVE_HISEND_API_KEY and _TO (+234… or an e-mail address)")
	}
	req := providers.SendRequest{Reference: "live", To: providers.NewPhone(to, "NG", ""), Channel: providers.SMS}
	if strings.Contains(to, "@") {
		req.To, req.Channel = providers.NewEmail(to), providers.Email
	}
	o := hisend.Kind().Options().(*hisend.Options)
	o.APIKey = providers.NewSecret(key)
	p, err := o.Build(providers.Environment{Name: "hisend-live", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := p.Send(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("reference %s", h.UpstreamID)
	v, err := p.Verify(ctx, h, providers.NewSecret("000000"))
	if err != nil || v.Match {
		t.Errorf("six zeros were judged %+v, %v: README.md wants to know how Hisend says wrong", v, err)
	}
}
