package upstream_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func TestClassOfStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]providers.Class{
		401: providers.Credentials, 403: providers.Credentials, 402: providers.Exhausted, 429: providers.Throttled,
		408: providers.Transient, 500: providers.Transient, 502: providers.Transient, 503: providers.Transient,
		599: providers.Transient,
		100: providers.Unknown, 200: providers.Unknown, 302: providers.Unknown, 307: providers.Unknown,
		400: providers.Unknown, 404: providers.Unknown, 422: providers.Unknown, 600: providers.Unknown,
		0: providers.Unknown,
	} {
		if got := upstream.ClassOfStatus(status); got != want {
			t.Errorf("%d is %v, want %v", status, got, want)
		}
	}
}

func TestSuccessIsEvery2xx(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{199: false, 200: true, 204: true, 299: true, 300: false, 0: false} {
		if upstream.Success(status) != want {
			t.Errorf("%d is not judged %v", status, want)
		}
	}
}

func TestFaultIsWhatNoBodyCanMend(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{
		200: false, 201: false, 400: false, 404: false, 410: false, 422: false,
		301: true, 307: true, 401: true, 402: true, 403: true, 408: true, 429: true, 500: true, 503: true,
	} {
		fault := upstream.Response{Status: status}.Fault("")
		if (fault != nil) != want {
			t.Errorf("%d gave %v", status, fault)
		}
		if want && providers.ClassOf(fault) != upstream.ClassOfStatus(status) {
			t.Errorf("%d gave %v", status, fault)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 5 ": 5 * time.Second, "0": 0, "-3": 0, "1.5": 0, "soon": 0,
		"99999": time.Hour, "99999999999999999999": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Minute).Format(http.TimeFormat):     0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		if got := upstream.RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "30", "-1", "Thu, 15 Jan 2026 10:20:00 GMT", "18446744073709551615"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if d := upstream.RetryAfter(http.Header{"Retry-After": {value}}, now); d < 0 || d > time.Hour {
			t.Errorf("%q is %v", value, d)
		}
	})
}

// TestFailureShowsTheUpstreamsCode and nothing that only looks like one.
func TestFailureShowsTheUpstreamsCode(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	asked := call(http.MethodPost)
	asked.Guess = providers.NewSecret("4711")
	r, err := newClient(t, base).Do(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"2001": "2001", "SENDER_ID_NOT_APPROVED": "SENDER_ID_NOT_APPROVED", "err-1.b": "err-1.b",
		"": "418", "4711": "418", "E4711": "418", "233201234567": "418", "two words": "418", "a\nb": "418", "ä": "418",
		strings.Repeat("x", 49): "418", "http://x": "418",
	} {
		e := r.Failure(providers.Rejected, code, nil)
		if e.Code != want || e.Class != providers.Rejected || e.Provider != "one" || e.Op != "send" {
			t.Errorf("%q gave %v", code, e)
		}
	}
}

func TestDecodeQuotesNothing(t *testing.T) {
	t.Parallel()
	var into struct {
		Code int `json:"code"`
	}
	for _, body := range []string{
		"", "4711", `{"code":"4711"}`, `{"code":4711e99}`, `{"code":4711,"code":4711}`, "<4711>",
	} {
		if err := upstream.Decode([]byte(body), &into); !errors.Is(err, upstream.ErrMalformed) ||
			strings.Contains(err.Error(), "4711") {
			t.Errorf("%q: got %v", body, err)
		}
	}
	if err := upstream.Decode([]byte(`{"code":`+strconv.Itoa(7)+`,"more":1}`), &into); err != nil || into.Code != 7 {
		t.Errorf("got %v, %v", into, err)
	}
}

func TestAnswerThatIsNotTheUpstreamsIsTheFaultOfItsStatusOrMalformed(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]providers.Class{
		200: providers.Transient, 404: providers.Transient, 401: providers.Credentials, 429: providers.Throttled,
		302: providers.Unknown,
	} {
		var into struct{ ID string }
		err := upstream.Response{Status: status, Body: []byte("<html>")}.Decode(&into)
		if providers.ClassOf(err) != want || errors.Is(err, upstream.ErrMalformed) != (want == providers.Transient) {
			t.Errorf("%d: got %v", status, err)
		}
		err = upstream.Response{Status: status, Body: []byte(`{"ID":"x"}`)}.Decode(&into)
		if err != nil || into.ID != "x" {
			t.Errorf("%d: got %+v, %v", status, into, err)
		}
	}
}
