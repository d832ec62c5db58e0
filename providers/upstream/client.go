package upstream

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

const (
	defaultTimeout = 10 * time.Second
	connectTimeout = 5 * time.Second // of a dial, and of a TLS handshake
	// Upstreams close idle connections when it suits them. A request that crosses with such a close is ambiguous, so we
	// close first: most servers wait a minute or more.
	idleTimeout = 30 * time.Second
	// How many calls are in flight is routing's decision. This bound only keeps a mistake there from eating every
	// descriptor; a lower one would make calls queue here, where nobody sees them.
	maxConnections = 8192
	maxHeader      = 64 << 10
	// A connection keeps both buffers as long as it lives, and every call in flight has one. Most requests and answers
	// fit; of longer ones the bodies pass by the buffers, which hold no more than the rest of the head.
	readBuffer, writeBuffer = 2 << 10, 1 << 10
)

// Config says how to reach one upstream.
type Config struct {
	Provider string        // configured name, for errors
	BaseURL  string        // as [CheckBaseURL] accepts it; a path in it is kept
	Timeout  time.Duration // longest a single call may take, from dial to last byte; 0: ten seconds
	// Authorize puts the credentials on a request. Nil: none are needed.
	Authorize func(*http.Request)
}

// Client calls one upstream. It follows no redirect, keeps no cookie, reads no proxy from the environment and repeats
// nothing. It is safe for concurrent use.
type Client struct {
	provider  string
	base      *url.URL
	timeout   time.Duration
	always    http.Header // of every call; never changed
	authorize func(*http.Request)
	pooled    *http.Transport
	fresh     *http.Transport
}

// New makes a client. It does no I/O. The error does not quote the address.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("base_url is not an address")
	}
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), strings.TrimRight(base.RawPath, "/")
	client := &Client{
		provider: c.Provider, base: base, timeout: cmp.Or(c.Timeout, defaultTimeout), authorize: c.Authorize,
		always: http.Header{"Accept": {"application/json"}, "User-Agent": {"otpgate"}},
	}
	client.pooled, client.fresh = transport(), transport()
	client.fresh.DisableKeepAlives = true
	client.fresh.ForceAttemptHTTP2 = false
	client.fresh.Protocols = new(http.Protocols)
	client.fresh.Protocols.SetHTTP1(true)
	return client, nil
}

// NewFor is [New] for the provider that env describes.
func NewFor(env providers.Environment, baseURL string, authorize func(*http.Request)) (*Client, error) {
	return New(Config{Provider: env.Name, BaseURL: baseURL, Timeout: env.Timeout, Authorize: authorize})
}

// Close frees idle connections. Calls in flight end as they would have.
func (c *Client) Close() error {
	c.pooled.CloseIdleConnections()
	c.fresh.CloseIdleConnections()
	return nil
}

// transport makes one tuned for a single host. The context of a call bounds its time, the wait for the head included.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // a proxy that repeats or records requests must be nobody's surprise
		DialContext:            (&net.Dialer{Timeout: connectTimeout, KeepAlive: idleTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    connectTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         readBuffer,
		WriteBufferSize:        writeBuffer,
		DisableCompression:     true,
	}
}

// transportFor keeps what net/http would repeat off used connections. When one of those breaks before the answer, it
// sends a GET again by itself, and a POST that names an idempotency key; and some upstreams send and check codes by
// GET. Any other POST it sends again only while nothing was written.
func (c *Client) transportFor(r *http.Request) *http.Transport {
	if r.Method == http.MethodPost && r.Header["Idempotency-Key"] == nil && r.Header["X-Idempotency-Key"] == nil {
		return c.pooled
	}
	return c.fresh
}
