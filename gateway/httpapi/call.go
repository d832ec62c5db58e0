package httpapi

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
)

// call is one request on its way through the API. Nothing in it points into fiber's buffers but fiber itself.
type call struct {
	*server
	fiber    *fiber.Ctx
	snapshot Snapshot
	ctx      context.Context // ends with the request's time, not with the client's connection or the server
	id       string          // X-Request-Id
	method   string
	route    route // zero: none fits
	caller   apps.Identity
	began    time.Time
	ended    time.Time

	// For log and observer.
	from      string // address that the request came from, once somebody has asked
	reference otp.Reference
	code      otp.Code // of the refusal; empty: granted
	cause     error
	stack     []byte // of a panic
}

type callKey struct{}

// begin gives a request its id and its view of the configuration, and every answer its safe headers.
func (s *server) begin(c *fiber.Ctx) *call {
	r := &call{
		server: s, fiber: c, snapshot: s.Snapshot(), ctx: context.Background(), began: s.Now(),
		method: strings.Clone(c.Method()),
	}
	r.id = requestID(c.Get(fiber.HeaderXRequestID))
	c.Set(fiber.HeaderXRequestID, r.id)
	for _, f := range s.safe {
		c.Response().Header.SetCanonical(f.name, f.value)
	}
	return r
}

// field is a header field as it is written. A route may set another value.
type field struct{ name, value []byte }

// safeFields are in every answer.
func safeFields() []field {
	return []field{
		{[]byte(fiber.HeaderXContentTypeOptions), []byte("nosniff")},
		{[]byte(fiber.HeaderCacheControl), []byte("no-store")},
		{[]byte(fiber.HeaderContentSecurityPolicy), []byte("default-src 'none'; frame-ancestors 'none'")},
	}
}

// requestID is the one that the client chose, if it is fit for a header and a log, or a new one.
func requestID(chosen string) string {
	if chosen == "" || len(chosen) > 64 {
		return rand.Text()
	}
	for i := range len(chosen) {
		c := chosen[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
				return rand.Text()
			}
		}
	}
	return strings.Clone(chosen)
}

// header copies every value of a header field: fasthttp hands out its own buffers, and the next look-up writes over the
// list that the last one returned.
func (r *call) header(name string) []string {
	var values []string
	for _, value := range r.fiber.Request().Header.PeekAll(name) {
		values = append(values, string(value))
	}
	return values
}

func (r *call) write(a otp.Answer) error {
	r.fiber.Set(fiber.HeaderContentType, a.ContentType)
	return r.fiber.Status(a.Status).Send(a.Body)
}
