package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
)

const maxAnswer = 1 << 20

// Call is one request.
type Call struct {
	Op     string           // "send", "verify", "resend", "status": for errors
	Method string           // http.MethodPost, http.MethodGet or http.MethodPut
	Path   []string         // segments below the base URL, each escaped here
	Query  url.Values       // may hold secrets: it is never shown
	URL    *url.URL         // the whole address, in place of base URL, Path and Query; nil: those
	Header http.Header      // besides those of every call, and in place of those of the same name
	Body   any              // as JSON, structs in their order and maps by key; a [Text] as it is; nil: no body
	Guess  providers.Secret // the code that is asked about: hidden should the upstream echo it
}

// Text is a body that is already written.
type Text struct {
	MediaType string // for the header Content-Type
	Body      string
}

// Response is a whole answer.
type Response struct {
	Status     int
	Header     http.Header
	Body       []byte
	RetryAfter time.Duration // as the header of that name told; 0: it did not

	provider, op string
	guess        providers.Secret
}

// Do makes one call and reads the whole answer, whatever its status. The error is an [*providers.Error]; the package
// comment says which class means what. Beside the error of a body that could not be read stands the answer without it:
// its status is not 0. A request that was written, or may have been, is reported to [providers.MarkWritten].
func (c *Client) Do(caller context.Context, call Call) (Response, error) {
	ctx, cancel := c.bounded(caller)
	defer cancel()
	body, mediaType, err := call.body()
	if err != nil {
		return Response{}, c.fail(call.Op, providers.Unknown, err)
	}
	var way journey
	req, err := c.request(httptrace.WithClientTrace(ctx, way.trace(caller)), &call, body, mediaType)
	if err != nil {
		return Response{}, c.fail(call.Op, providers.Unknown, err)
	}
	head, err := c.transportFor(req).RoundTrip(req)
	if err != nil {
		return Response{}, c.fail(call.Op, way.class(caller, ctx), cause(caller, ctx, err))
	}
	defer func() { _ = head.Body.Close() }()
	providers.MarkWritten(caller) // of a large body the answer can be here before the trace tells that the last of it left
	r := Response{
		Status: head.StatusCode, Header: head.Header, RetryAfter: RetryAfter(head.Header, time.Now()),
		provider: c.provider, op: call.Op, guess: call.Guess,
	}
	answer, err := io.ReadAll(io.LimitReader(head.Body, maxAnswer+1))
	switch {
	case err != nil:
		return r, r.Failure(classOfBrokenBody(r.Status), "", cause(caller, ctx, err))
	case len(answer) > maxAnswer:
		return r, r.Failure(providers.Transient, "", errTooLarge)
	}
	r.Body = answer
	return r, nil
}

// bounded is the context of a call: the caller's own, unless that lasts longer than a call may.
func (c *Client) bounded(caller context.Context) (context.Context, context.CancelFunc) {
	if end, ok := caller.Deadline(); ok && time.Until(end) <= c.timeout {
		return caller, func() {}
	}
	return context.WithTimeout(caller, c.timeout)
}

// Ask is [Client.Do] for an answer that must be JSON, which it reads into what into points to. Beside an error from
// [Response.Decode] stands the answer.
func (c *Client) Ask(ctx context.Context, call Call, into any) (Response, error) {
	r, err := c.Do(ctx, call)
	if err != nil {
		return r, err
	}
	return r, r.Decode(into)
}

// Decode reads the body as JSON. Its error is what every operation makes of an answer that is not the upstream's, and
// therefore nobody's judgement: the fault that the status tells, else a malformed answer, [providers.Transient].
func (r Response) Decode(into any, opts ...json.Options) error {
	malformed := Decode(r.Body, into, opts...)
	if malformed == nil {
		return nil
	}
	if fault := r.Fault(""); fault != nil {
		return fault
	}
	return r.Failure(providers.Transient, "", malformed)
}

// Decode reads JSON. Its error does not quote what it read.
func Decode(body []byte, into any, opts ...json.Options) error {
	if json.Unmarshal(body, into, opts...) != nil {
		return ErrMalformed
	}
	return nil
}

// ErrMalformed says that an answer is not what the upstream documents.
var ErrMalformed = errors.New("answer is not what the upstream documents")

var (
	errTooLarge = errors.New("answer is larger than 1 MiB")
	errRequest  = errors.New("request cannot be written")
)

func (c *Client) request(ctx context.Context, call *Call, body io.Reader, mediaType string) (*http.Request, error) {
	address, err := c.address(call)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, "", body)
	if err != nil {
		return nil, errRequest
	}
	req.URL, req.Host = address, address.Host
	maps.Copy(req.Header, c.always)
	if body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if header := traceOf(ctx); header != "" {
		req.Header.Set("Traceparent", header)
	}
	for name, values := range call.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if c.authorize != nil {
		c.authorize(req)
	}
	return req, nil
}

// body writes the body of a call; nil: there is none.
func (call *Call) body() (body io.Reader, mediaType string, err error) {
	switch b := call.Body.(type) {
	case nil:
		return nil, "", nil
	case Text:
		return strings.NewReader(b.Body), b.MediaType, nil
	}
	b, err := json.Marshal(call.Body, json.Deterministic(true)) // the same request is the same bytes
	if err != nil {
		return nil, "", errRequest
	}
	return bytes.NewReader(b), "application/json", nil
}

// address joins base URL and segments. Segments may come from an upstream's answer, so one that would walk up or vanish
// is refused.
func (c *Client) address(call *Call) (*url.URL, error) {
	if call.URL != nil {
		return call.URL, nil
	}
	const usual = 128
	u := *c.base
	path, raw := append(make([]byte, 0, usual), u.Path...), append(make([]byte, 0, usual), u.EscapedPath()...)
	for _, segment := range call.Path {
		if strings.Trim(segment, ".") == "" {
			return nil, errRequest
		}
		path = append(append(path, '/'), segment...)
		raw = append(append(raw, '/'), url.PathEscape(segment)...)
	}
	u.Path, u.RawPath, u.RawQuery = string(path), "", call.Query.Encode()
	if !bytes.Equal(path, raw) { // else nothing is escaped, and net/url need not be told so
		u.RawPath = string(raw)
	}
	return &u, nil
}

// journey is how far a request came.
type journey struct{ connected, written atomic.Bool }

func (j *journey) trace(caller context.Context) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { j.connected.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				j.written.Store(true)
				providers.MarkWritten(caller)
			}
		},
	}
}
