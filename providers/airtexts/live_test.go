package airtexts_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/airtexts"
)

// TestLive speaks to AirTexts itself. It sends one SMS, and one wrong code, to the number that it is given.
func TestLive(t *testing.T) {
	app, to := os.Getenv("OTPGATE_LIVE_AIRTEXTS_APP_ID"), os.Getenv("OTPGATE_LIVE_AIRTEXTS_TO")
	key, secret := os.Getenv("OTPGATE_LIVE_AIRTEXTS_API_KEY"), os.Getenv("OTPGATE_LIVE_AIRTEXTS_API_SECRET")
	if app == "" || to == "" || key == "" || secret == "" {
		t.Skip("needs an account: set OTPGATE_LIVE_AIRTEXTS_APP_ID, _API_KEY, _API_SECRET and _TO (+258…)")
	}
	o := airtexts.Kind().Options().(*airtexts.Options)
	o.AppID, o.APIKey, o.APISecret = app, providers.NewSecret(key), providers.NewSecret(secret)
	built, err := o.Build(providers.Environment{Name: "airtexts-live", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	p := built.(*airtexts.Provider)
	t.Cleanup(func() { _ = p.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := p.Send(ctx, providers.SendRequest{
		Reference: "live", To: providers.NewPhone(to, "", ""), Channel: providers.SMS,
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := p.Status(ctx, h)
	t.Logf("the status is %+v, %v", report, err)
	v, err := p.Verify(ctx, h, providers.NewSecret("000000"))
	if err != nil || v.Match {
		t.Errorf("six zeros were judged %+v, %v: README.md wants to know how AirTexts says wrong", v, err)
	}
}
