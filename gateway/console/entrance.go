package console

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// entrance decides who is an operator.
type entrance struct {
	token    providers.Secret // empty: everybody is
	now      func() time.Time
	sessions *sessions
	failures *otp.Memory
}

// How many wrong tokens an address may present, and how many addresses are remembered.
const (
	maxFailures       = 10
	failureWindow     = 5 * time.Minute
	rememberedSources = 4096
)

const cookieName = "otpgate_console"

func newEntrance(token providers.Secret, now func() time.Time) (entrance, error) {
	failures, err := otp.NewMemory(rememberedSources)
	return entrance{token: token, now: now, sessions: new(sessions), failures: failures}, err
}

// verdict is what the entrance says of a token.
type verdict int

const (
	wrong verdict = iota
	right
	tooMany // wrong ones came from there: it is not even compared
)

// try judges a token that came from an address. It counts first, so that parallel guesses cannot outrun the limit.
func (e entrance) try(token, peer string) verdict {
	now := e.now()
	claims := []otp.Claim{{
		Name: "console", Key: sourceOf(peer), Limit: otp.Limit{Max: maxFailures, Window: failureWindow},
	}}
	if _, err := e.failures.Charge(claims, now); err != nil {
		return tooMany
	}
	if !e.token.Equal(providers.NewSecret(token)) {
		return wrong
	}
	e.failures.TakeBack(claims, now)
	return right
}

// sourceOf is what failures are counted by: an IPv4 address, or a /64 of IPv6.
func sourceOf(peer string) string {
	at, err := netip.ParseAddrPort(peer)
	if err != nil {
		return peer
	}
	addr := at.Addr().Unmap()
	if addr.Is4() {
		return addr.String()
	}
	network, _ := addr.Prefix(64) // cannot fail: it is an IPv6 address
	return network.String()
}

// judge tells whether a request is an operator's.
func (e entrance) judge(r *http.Request) verdict {
	if e.token.Empty() {
		return right
	}
	if token := bearer(r); token != "" {
		return e.try(token, r.RemoteAddr)
	}
	if cookie, err := r.Cookie(cookieName); err == nil && e.sessions.live(cookie.Value, e.now()) {
		return right
	}
	return wrong
}

// onlyOperators sends everybody else to the login: people by a redirect, programs by a status.
func (c *Console) onlyOperators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch verdict := c.entrance.judge(r); {
		case verdict == right:
			next.ServeHTTP(w, r)
		case verdict == tooMany:
			refuseLogin(w)
		case bearer(r) == "" && strings.Contains(r.Header.Get("Accept"), "text/html"):
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		default:
			if bearer(r) != "" {
				c.Log.Warn("a wrong token was presented to the console", "peer", r.RemoteAddr)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="otpgate console"`)
			http.Error(w, "show console.token: log in at /login, or send Authorization: Bearer", http.StatusUnauthorized)
		}
	})
}

func refuseLogin(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "300")
	http.Error(w, "too many wrong tokens came from your address; wait five minutes", http.StatusTooManyRequests)
}

func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	if c.entrance.judge(r) == right {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	c.render(w, r, http.StatusOK, "login", pageView{Title: "Log in"})
}

func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	if c.Token.Empty() {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	switch c.entrance.try(r.PostFormValue("token"), r.RemoteAddr) {
	case right:
		c.Log.Info("an operator logged in to the console", "peer", r.RemoteAddr)
		http.SetCookie(w, sessionCookie(r, c.entrance.sessions.begin(c.Now()), int(sessionTime.Seconds())))
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case tooMany:
		refuseLogin(w)
	case wrong:
		c.Log.Warn("a wrong token was presented to the console", "peer", r.RemoteAddr)
		c.render(w, r, http.StatusUnauthorized, "login", pageView{Title: "Log in", Wrong: true})
	}
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		c.entrance.sessions.end(cookie.Value)
	}
	http.SetCookie(w, sessionCookie(r, "", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// sessionCookie is for this server's own pages alone. Behind a proxy with TLS it is never sent without; whoever forges
// that header makes the rule stricter only.
func sessionCookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}
