package httpapi_test

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

func TestRateLimitHeaders(t *testing.T) {
	t.Parallel()
	level := func(name string, limit, used int, window, resets time.Duration) otp.Level {
		l := otp.Level{Name: name, Limit: otp.Limit{Max: limit, Window: window}, Used: used}
		if resets != 0 {
			l.ResetsAt = now().Add(resets)
		}
		return l
	}
	tests := []struct {
		name          string
		levels        []otp.Level
		policy, limit string
	}{
		{"none", nil, "", ""},
		{
			"one", []otp.Level{level("recipient", 5, 1, 10*time.Minute, 10*time.Minute)},
			`"recipient";q=5;w=600`, `"recipient";r=4;t=600`,
		},
		{
			"several, told apart by their windows",
			[]otp.Level{
				level("recipient", 5, 5, 10*time.Minute, 61500*time.Millisecond),
				level("recipient", 10, 6, 24*time.Hour, time.Hour), level("app", 200, 0, time.Second, 0),
				level("ip", 30, 99, 10*time.Minute, -time.Second),
			},
			`"recipient";q=5;w=600, "recipient-24h";q=10;w=86400, "app";q=200;w=1, "ip";q=30;w=600`,
			`"recipient";r=0;t=62, "recipient-24h";r=4;t=3600, "app";r=200, "ip";r=0;t=0`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			granted := &fakeOTP{result: otp.Result{Verification: pending(), Levels: tt.levels}}
			refused := &fakeOTP{err: &otp.Error{Code: otp.RateLimited, Detail: "d", Limits: tt.levels}}
			for _, fake := range []*fakeOTP{granted, refused} {
				for path, body := range map[string]string{"/v1/otp/send": `{"to":"x"}`, "/v1/otp/resend": `{"reference":"x"}`} {
					a := do(t, newApp(t, fake), post(path, body))
					if a.header.Get("RateLimit-Policy") != tt.policy || a.header.Get("RateLimit") != tt.limit {
						t.Errorf("%s %d\nRateLimit-Policy: %s\nRateLimit: %s",
							path, a.status, a.header.Get("RateLimit-Policy"), a.header.Get("RateLimit"))
					}
				}
			}
		})
	}
}
