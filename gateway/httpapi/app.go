// Package httpapi is the public API over HTTP. It turns requests into use cases and their results into answers, and
// knows nothing of how a code is carried. The contract is the document in package api.
package httpapi

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// OTP is the use cases that the API offers. A refusal is an [*otp.Error]; every other error is a fault of the gateway.
type OTP interface {
	Send(ctx context.Context, app *apps.App, in otp.SendInput) (*otp.Result, error)
	Resend(ctx context.Context, app *apps.App, in otp.ResendInput) (*otp.Result, error)
	Verify(ctx context.Context, app *apps.App, in otp.VerifyInput) (otp.Verification, error)
	Cancel(ctx context.Context, app *apps.App, reference string) (otp.Verification, error)
	Status(ctx context.Context, app *apps.App, in otp.StatusInput) (otp.Verification, error)
	Plan(ctx context.Context, app *apps.App, in otp.SendInput) (otp.Preview, error)
	List(ctx context.Context, app *apps.App, in otp.ListInput) (otp.Page[otp.Verification], error)
	Logs(ctx context.Context, app *apps.App, in otp.LogsInput) (otp.Page[otp.Event], error)
	Attempts(ctx context.Context, app *apps.App, reference string) (otp.Verification, error)
	RateLimits(ctx context.Context, app *apps.App, to string) (otp.Rates, error)
	Reports(ctx context.Context, app *apps.App, in otp.ReportsInput) (otp.Sums, error)
	Analytics(ctx context.Context, app *apps.App, days string) (otp.Analysis, error)
	Dial(ctx context.Context, in otp.DialInput) (otp.Screen, error)
	ReadOut(ctx context.Context, in otp.CallInput) (otp.Speech, error)
	Report(ctx context.Context, provider string, reports []providers.Report) error
}

// Snapshot is the configuration as one request sees it, from its first byte to its last.
type Snapshot struct {
	OTP            OTP
	Keyring        *apps.Keyring
	Providers      Providers
	Aggregators    map[string]Aggregator               // by the provider whose codes they may show
	Callbacks      map[string]providers.CallbackParser // by the provider whose upstream calls
	Callers        map[string]Caller                   // by the provider whose upstream asks what to say in its calls
	RequestTimeout time.Duration                       // of the whole use case
	TrustedProxies []netip.Prefix                      // whose X-Forwarded-For is believed
	Failures       Failures                            // nil: failed authentications are not counted
	FailedAuth     otp.Limit                           // of one source; zero: none
}

// Options is what the API needs.
type Options struct {
	Snapshot func() Snapshot             // the configuration in force; asked once for each request
	Ready    func(context.Context) error // nil: requests can be served
	Log      *slog.Logger
	Observer Observer // nil: nobody is told
	// MaxInFlight bounds the requests that are worked on at once; one more is refused as overloaded. 0: 10,000.
	MaxInFlight  int
	ReadTimeout  time.Duration    // of a whole request, so that a slow sender holds no connection; 0: 10 s
	WriteTimeout time.Duration    // of an answer; 0: 10 s
	IdleTimeout  time.Duration    // between two requests; 0: 60 s
	Now          func() time.Time // nil: time.Now
}

// Bounds of a request, in bytes.
const (
	maxBody   = 64 << 10
	maxHeader = 8 << 10 // request line and header together
)

// otherMethod stands for every method that no route has. The name that a client sent never reaches a log, and the
// router answers it like any other method that does not fit.
const otherMethod = "OTHER"

type server struct {
	Options
	problems table
	safe     []field // of every answer; never changed
	inFlight atomic.Int64
	page     func() (page, error) // of the documentation; made when it is first read
}

// New makes the API. The caller serves it with Listener and ends it with ShutdownWithContext.
func New(o Options) *fiber.App {
	s := &server{
		Options: o.withDefaults(), problems: newTable(), safe: safeFields(), page: sync.OnceValues(newPage),
	}
	app := fiber.New(fiber.Config{
		BodyLimit:                    maxBody,
		ReadBufferSize:               maxHeader,
		ReadTimeout:                  s.ReadTimeout,
		WriteTimeout:                 s.WriteTimeout,
		IdleTimeout:                  s.IdleTimeout,
		RequestMethods:               []string{fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, otherMethod},
		CaseSensitive:                true,
		StrictRouting:                true,
		Immutable:                    true, // a net: nothing that outlives a handler is meant to hold fiber's buffers
		DisablePreParseMultipartForm: true,
		ReduceMemoryUsage:            true, // no buffers for a connection that waits, on whichever side
		DisableStartupMessage:        true,
		ErrorHandler:                 s.unread,
	})
	app.Server().CloseOnShutdown = true
	app.Server().Handler = foldMethods(app.Server().Handler)
	app.Use(s.around)
	for _, r := range s.routes() {
		if r.method == fiber.MethodGet {
			app.Add(fiber.MethodHead, r.path, s.serve(r))
		}
		app.Add(r.method, r.path, s.serve(r))
	}
	return app
}

func (o Options) withDefaults() Options {
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 10_000
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = 10 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 10 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	return o
}

// foldMethods keeps fiber from answering an unknown method by itself, in plain text.
func foldMethods(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if !ctx.IsGet() && !ctx.IsHead() && !ctx.IsPost() {
			ctx.Request.Header.SetMethod(otherMethod)
		}
		next(ctx)
	}
}
