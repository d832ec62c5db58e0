package httpapi_test

import (
	"context"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

// idleOTP grants everything and keeps nothing.
type idleOTP struct {
	httpapi.OTP // for what is not measured
	v           otp.Verification
}

func (i idleOTP) Send(context.Context, *apps.App, otp.SendInput) (*otp.Result, error) {
	return &otp.Result{Verification: i.v}, nil
}

func (i idleOTP) Resend(context.Context, *apps.App, otp.ResendInput) (*otp.Result, error) {
	return &otp.Result{Verification: i.v}, nil
}

func (i idleOTP) Verify(context.Context, *apps.App, otp.VerifyInput) (otp.Verification, error) {
	return i.v, nil
}
func (i idleOTP) Cancel(context.Context, *apps.App, string) (otp.Verification, error) {
	return i.v, nil
}
func (i idleOTP) Status(context.Context, *apps.App, otp.StatusInput) (otp.Verification, error) {
	return i.v, nil
}

// benchmark runs one request through everything but the socket and the use case.
func benchmark(b *testing.B, v otp.Verification, path, body string, want int) {
	app := newApp(b, &fakeOTP{}, func(o *httpapi.Options) {
		s := o.Snapshot()
		s.OTP = idleOTP{v: v}
		o.Snapshot = func() httpapi.Snapshot { return s }
	})
	handler := app.Handler()
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.ResetUserValues()
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI(path)
		ctx.Request.Header.SetContentType("application/json")
		ctx.Request.Header.Set("Authorization", "Basic "+b64(shopKey+":"+shopSecret))
		ctx.Request.SetBodyString(body)
		handler(&ctx)
		if got := ctx.Response.StatusCode(); got != want {
			b.Fatalf("status %d, %s", got, ctx.Response.Body())
		}
	}
}

func BenchmarkSend(b *testing.B) { benchmark(b, pending(), "/v1/otp/send", wholeSend, 201) }

func BenchmarkSendOfOneField(b *testing.B) {
	benchmark(b, pending(), "/v1/otp/send", `{"to":"+233201234567"}`, 201)
}

func BenchmarkVerify(b *testing.B) {
	benchmark(b, ended(otp.StatusVerified), "/v1/otp/verify", `{"reference":"`+reference+`","code":"1234"}`, 200)
}

func BenchmarkRefusedBody(b *testing.B) {
	benchmark(b, pending(), "/v1/otp/send", `{"to":1,"chanel":"sms","code":{"length":"6"}}`, 400)
}
