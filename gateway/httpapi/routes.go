package httpapi

import (
	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
)

// route is one operation of the API.
type route struct {
	method, path string
	scope        apps.Scope // that the caller's key must have; empty: anybody may call
	probe        bool       // asked by machines all the time: never refused for overload, logged for debugging only
	serve        func(*call) (otp.Answer, error)
}

// routes lists every operation. A GET answers to HEAD too.
func (s *server) routes() []route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []route{
		{method: post, path: "/v1/otp/send", scope: apps.ScopeSend, serve: (*call).send},
		{method: post, path: "/v1/otp/verify", scope: apps.ScopeVerify, serve: (*call).verify},
		{method: post, path: "/v1/otp/resend", scope: apps.ScopeSend, serve: (*call).resend},
		{method: post, path: "/v1/otp/cancel", scope: apps.ScopeSend, serve: (*call).cancel},
		{method: get, path: "/v1/otp/status", scope: apps.ScopeRead, serve: (*call).status},
		{method: get, path: "/v1/otp/list", scope: apps.ScopeRead, serve: (*call).list},
		{method: get, path: "/v1/otp/logs", scope: apps.ScopeRead, serve: (*call).logs},
		{method: get, path: "/v1/otp/attempts", scope: apps.ScopeRead, serve: (*call).attempts},
		{method: get, path: "/v1/otp/rate-limits", scope: apps.ScopeRead, serve: (*call).rateLimits},
		{method: get, path: "/v1/otp/reports", scope: apps.ScopeRead, serve: (*call).reports},
		{method: get, path: "/v1/otp/analytics", scope: apps.ScopeRead, serve: (*call).analytics},
		{method: post, path: "/v1/otp/plan", scope: apps.ScopeSend, serve: (*call).plan},
		{method: get, path: "/v1/providers", scope: apps.ScopeRead, serve: (*call).providers},
		{method: post, path: "/v1/ussd/:provider", serve: (*call).dial},
		{method: post, path: "/v1/ussd/:provider/:token", serve: (*call).dial},
		{method: post, path: "/v1/voice/:provider/:token", serve: (*call).voice},
		{method: post, path: "/v1/callbacks/:provider", serve: (*call).callback},
		{method: get, path: "/v1/callbacks/:provider", serve: (*call).callback},
		{method: post, path: "/v1/callbacks/:provider/:token", serve: (*call).callback},
		{method: get, path: "/v1/callbacks/:provider/:token", serve: (*call).callback},
		{method: get, path: "/healthz", probe: true, serve: (*call).healthz},
		{method: get, path: "/readyz", probe: true, serve: (*call).readyz},
		{method: get, path: "/openapi.yaml", serve: (*call).document},
		{method: get, path: "/docs", serve: (*call).docs},
	}
}
