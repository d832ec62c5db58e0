package gateway_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/otpgate/otpgate/providers"
)

const signing = "e2e-signing-secret-that-must-not-be-seen"

// bearer calls the API with a token, as the app that it names.
func (w *world) bearer(token, path, body string) answer {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	a, err := roundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// signed is a token that is good for a minute.
func signed(t *testing.T, method jwt.SigningMethod, key any, kid string, claims jwt.MapClaims) string {
	t.Helper()
	claims["exp"] = time.Now().Add(time.Minute).Unix()
	made := jwt.NewWithClaims(method, claims)
	made.Header["kid"] = kid
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// keySet is a JWK Set with one public key.
func keySet(kid string, key ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(key)
	return fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}]}`, kid, x)
}

// A token opens what its key may do, and a new set of public keys is in force with the reload.
func TestTokens(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(set, []byte(keySet("first", public)), 0o600); err != nil {
		t.Fatal(err)
	}
	w := start(t, `scopes: [send, verify, read]}]}
  rival`, fmt.Sprintf(`scopes: [send, verify, read]}
      , {id: shop-signed, scopes: [send], jwt: {hs256_secret: %q}}
      , {id: shop-set, scopes: [send, verify], jwt: {jwks_file: %q, audience: otpgate}}]}
  rival`, signing, set))
	const body = `{"to":"+233201234567"}`
	bySecret := signed(t, jwt.SigningMethodHS256, []byte(signing), "shop-signed", jwt.MapClaims{})
	if a := w.bearer(bySecret, "/v1/otp/send", body); a.status != 201 {
		t.Errorf("HS256: %d %s", a.status, a.body)
	}
	token := func(kid string, more jwt.MapClaims) string {
		more["sub"], more["aud"] = "shop-set", "otpgate"
		return signed(t, jwt.SigningMethodEdDSA, private, kid, more)
	}
	if a := w.bearer(token("first", jwt.MapClaims{}), "/v1/otp/send", body); a.status != 201 {
		t.Errorf("EdDSA: %d %s", a.status, a.body)
	}
	if a := w.bearer(token("first", jwt.MapClaims{"scope": "verify"}), "/v1/otp/send", body); a.status != 403 {
		t.Errorf("a token that may only verify: %d %s", a.status, a.body)
	}
	if err := os.WriteFile(set, []byte(keySet("second", public)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.g.Apply(w.load()); err != nil {
		t.Fatal(err)
	}
	if a := w.bearer(token("first", jwt.MapClaims{}), "/v1/otp/send", body); a.status != 401 {
		t.Errorf("a key that was taken out of the set: %d %s", a.status, a.body)
	}
	if a := w.bearer(token("second", jwt.MapClaims{}), "/v1/otp/send", body); a.status != 201 {
		t.Errorf("a key that was added to the set: %d %s", a.status, a.body)
	}
}

// What an app may not do is refused before a provider is asked or a limit counted.
func TestAppsKeepToTheirChannelsAndCountries(t *testing.T) {
	t.Parallel()
	w := start(t, "{name: Shop, keys", "{name: Shop, channels: [sms], countries: [GH], keys",
		`recipient: ["1000/10m"]`, `recipient: ["1/10m"]`)
	const step = `{"to":"+233201234567","fallback":[{"channel":%q,"to":%q,"after":"30s"}]}`
	for _, test := range []struct{ what, body, field string }{
		{"another channel", `{"to":"+233201234567","channel":"whatsapp"}`, "channel"},
		{"an address", `{"to":"ama@example.com"}`, "channel"},
		{"another country", `{"to":"+2348031234567"}`, "to"},
		{"another channel later", fmt.Sprintf(step, "voice", ""), "fallback[0].channel"},
		{"another country later", fmt.Sprintf(step, "sms", "+2348031234567"), "fallback[0].to"},
	} {
		for _, path := range []string{"/v1/otp/send", "/v1/otp/plan"} {
			a := w.post("shop-key", path, test.body)
			named := strings.Contains(string(a.body), `"field":"`+test.field+`"`)
			if a.status != http.StatusBadRequest || a.Code != "invalid_request" || !named {
				t.Errorf("%s: %s: %d %s", test.what, path, a.status, a.body)
			}
		}
	}
	if n := len(w.inbox.Messages("+233201234567", providers.SMS)); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	sent := w.send(`{"to":"+233201234567"}`) // the one that the limit allows: nothing was counted
	a := w.post("shop-key", "/v1/otp/resend", fmt.Sprintf(`{"reference":%q,"channel":"voice"}`, sent.Reference))
	if a.status != http.StatusBadRequest || a.Code != "invalid_request" {
		t.Errorf("a resend by another channel: %d %s", a.status, a.body)
	}
}

func TestLimitsOfAnApp(t *testing.T) {
	t.Parallel()
	w := start(t, "{name: Shop, keys", `{name: Shop, limits: {recipient: 1/10m, countries: {NG: 1/h}}, keys`,
		"ip: 1000/10m", "ip: 1000/10m, countries: {NG: 2/h}")
	send := func(key, to string, want int) {
		t.Helper()
		if a := w.post(key, "/v1/otp/send", fmt.Sprintf(`{"to":%q}`, to)); a.status != want {
			t.Errorf("%s to %s: %d %s", key, to, a.status, a.body)
		}
	}
	send("shop-key", "+233201234567", 201)
	send("shop-key", "+233201234567", 429)
	send("rival-key", "+233201234567", 201)
	send("shop-key", "+2348031234567", 201)
	send("shop-key", "+2348031234568", 429)
	send("rival-key", "+2348031234568", 201)
	send("rival-key", "+2348031234569", 429)
}

// Too many failures from one address end in 429; a good key at the same address is let in, also after a reload.
func TestFailedAuthentications(t *testing.T) {
	t.Parallel()
	w := start(t, "ip: 1000/10m", "ip: 1000/10m, failed_auth: 2/m")
	for i, want := range []int{401, 401, 429} {
		if a := w.post("nobody", "/v1/otp/send", `{}`); a.status != want {
			t.Errorf("failure %d: %d %s", i+1, a.status, a.body)
		}
	}
	if err := w.g.Apply(w.load()); err != nil {
		t.Fatal(err)
	}
	if a := w.post("nobody", "/v1/otp/send", `{}`); a.status != 429 {
		t.Errorf("after a reload: %d %s", a.status, a.body)
	}
	w.send(`{"to":"+233201234567"}`)
}
