package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// small is the least that a file must hold.
const small = `
apps:
  shop:
    keys: [{id: shop-key, secret_sha256: "${HASH}", scopes: [send]}]
providers:
  hubtel-gh: {kind: hubtel, with: {client_id: "${ID}", client_secret: "${SECRET}", sender: MyBrand}}
routes:
  - {name: rest, use: [hubtel-gh]}
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, report := config.Parse("config.yaml", []byte(text), sources())
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func load(t *testing.T, file string) *config.Config {
	t.Helper()
	c, report := config.Load(file, sources())
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	for _, w := range report.Warnings {
		t.Error("unexpected warning:", w)
	}
	return c
}

func TestSmallFileGetsDefaults(t *testing.T) {
	t.Parallel()
	c := parse(t, small)
	if diff := cmp.Diff(config.Server{
		Listen: "127.0.0.1:8080", RequestTimeout: 10 * time.Second, ShutdownGrace: 15 * time.Second,
	}, c.Server); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.Limits{
		Recipient:         config.LimitList{{Max: 5, Window: 10 * time.Minute}, {Max: 10, Window: 24 * time.Hour}},
		RecipientFailures: otp.Limit{Max: 20, Window: 24 * time.Hour},
		App:               config.LimitList{{Max: 200, Window: time.Second}},
		IP:                config.LimitList{{Max: 30, Window: 10 * time.Minute}},
		FailedAuth:        otp.Limit{Max: 30, Window: time.Minute},
	}, c.Limits); diff != "" {
		t.Error(diff)
	}
	p := c.Providers["hubtel-gh"]
	breaker := config.Breaker{Failures: 5, Of: 10, OpenFor: 15 * time.Second, Probes: 1, SlowCall: 3 * time.Second}
	if diff := cmp.Diff(breaker, p.Breaker); diff != "" || p.Timeout != 4*time.Second || p.MaxInFlight != 500 {
		t.Error(p, diff)
	}
	if with := p.With.(*hubtel); with.BaseURL != "https://api-otp.hubtel.com" || with.ClientSecret.Reveal() != canary {
		t.Error("the kind's block was not decoded over its defaults")
	}
	r := c.Routes[0]
	if r.Strategy != config.StrategyPriority || r.OnAmbiguous != config.AmbiguousNext || r.When != nil ||
		r.Deadline != 8*time.Second {
		t.Error(r)
	}
	if app := c.Apps["shop"]; app.Name != "shop" || !cmp.Equal(app.Defaults, c.Defaults) {
		t.Error(app)
	}
}

func TestFullFile(t *testing.T) {
	t.Parallel()
	c := load(t, "testdata/good.yaml")
	shop := c.Apps["shop"]
	if diff := cmp.Diff(config.Defaults{
		Channel: providers.SMS, Country: "GH", Code: config.Code{Length: 4, Alphabet: providers.Alphanumeric},
		ExpiresIn: 10 * time.Minute, MaxAttempts: 5, MaxResends: 0, ResendAfter: 45 * time.Second,
		ResendCode: config.ResendNew, Sender: "Shop", Template: "login", Locale: "fr",
	}, shop.Defaults); diff != "" {
		t.Error("an app's defaults do not lie over the file's:", diff)
	}
	french := c.Templates["login"]["fr"]
	if on := french.On(); len(on) != 4 || on[providers.SMS] != "{code} : votre code" {
		t.Error(on)
	}
	if english := c.Templates["login"]["en"]; english.Default == "" || len(english.On()) != 0 {
		t.Error(english)
	}
	if own := shop.Templates["own"]["en"]; own.Default != "{prefix}-{code}" || !shop.DoNotShare ||
		shop.WebOTP != "login.example.com" || shop.AndroidHash != "FA+9qCX9VSu" {
		t.Error(shop)
	}
	if all := shop.Keys[0].All(); len(all) != 1 || !all[0].NotAfter.IsZero() {
		t.Error(all)
	}
	if all := shop.Keys[1].All(); len(all) != 1 || all[0].NotAfter.Year() != 2027 {
		t.Error(all)
	}
	if keys := c.ProviderKeys(); len(keys) != 2 || keys[0].ID != "k2" || len(keys[0].Key.Reveal()) < 32 {
		t.Error(keys)
	}
	if c.Limits.IP == nil || len(c.Limits.IP) != 0 || c.Limits.App[0].Max != 100 {
		t.Error(c.Limits)
	}
	if own := shop.Limits; len(*own.Recipient) != 1 || own.App != nil || own.IP == nil || len(*own.IP) != 0 ||
		own.Countries["NG"][0].Max != 50 || len(c.Limits.Countries["KE"]) != 2 || c.Limits.FailedAuth.Max != 10 {
		t.Error(own, c.Limits)
	}
	kinds := []string{"", "", "HS256", "EdDSA", "JWKS"}
	for i, key := range shop.Keys {
		trust, err := key.JWT.Trust()
		if err != nil || trust.Kind() != kinds[i] || trust.Audience != key.JWT.Audience {
			t.Errorf("%s trusts %q, %v", key.ID, trust.Kind(), err)
		}
	}
	hubtelGH := c.Providers["hubtel-gh"]
	if price, ok := hubtelGH.Price.On(providers.SMS); !ok || price != 0.035 {
		t.Error(price, ok)
	}
	if price, ok := hubtelGH.Price.On(providers.WhatsApp); !ok || price != 0 {
		t.Error("a price of nothing is a price", price, ok)
	}
	if _, ok := hubtelGH.Price.On(providers.Voice); ok {
		t.Error("a price that nobody wrote")
	}
	if hubtelGH.MaxPerSecond != 50 {
		t.Error("a number from the environment", hubtelGH.MaxPerSecond)
	}
	if secret := hubtelGH.With.(*hubtel).ClientSecret.Reveal(); secret != "from-a-file-7741" {
		t.Errorf("the secret file gave %q", secret)
	}
	relay := c.Providers["relay-2"].With.(*bridge)
	want := map[string]any{"token": "t0ken", "list": []any{int64(1), "two"}, "on": true, "none": nil, "half": 0.5}
	if diff := cmp.Diff(want, relay.Anything); diff != "" {
		t.Error(diff)
	}
	if relay.User != "ama" || relay.Plain != "text" || relay.Word.Text != canary || relay.Retries != 2 ||
		*relay.Ratio != 0.5 {
		t.Error("the shapes that settings may take")
	}
	if diff := cmp.Diff([]config.Use{{Provider: "hubtel-gh"}, {Provider: "inhouse"}}, c.Routes[0].Use); diff != "" {
		t.Error(diff)
	}
	if c.Routes[1].Deadline != 16*time.Second {
		t.Error("a deadline follows the server's", c.Routes[1].Deadline)
	}
}

func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "sender: MyBrand", "sender: 0244123456", 1)
	c := parse(t, text+"defaults: {country: NO, sender: on}\n")
	if c.Defaults.Country != "NO" || c.Defaults.Sender != "on" {
		t.Error(c.Defaults)
	}
	if sender := c.Providers["hubtel-gh"].With.(*hubtel).Sender; sender != "0244123456" {
		t.Error(sender)
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "none.yaml: the file cannot be read: there is no such file",
		large:                           "large.yaml: the file is larger than 4 MiB",
		dir:                             "the file cannot be read: is a directory",
	} {
		c, report := config.Load(file, sources())
		if err := report.Err(); c != nil || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// All mistakes are reported at once, in the order of the file.
func TestReportIsSorted(t *testing.T) {
	t.Parallel()
	_, report := config.Load("testdata/bad/many-mistakes.yaml", sources())
	invalid, ok := errors.AsType[config.Invalid](report.Err())
	if !ok || len(invalid) != 5 {
		t.Fatal(report.Err())
	}
	for i := 1; i < len(invalid); i++ {
		if invalid[i].Line < invalid[i-1].Line {
			t.Errorf("%s stands after %s", invalid[i], invalid[i-1])
		}
	}
}

// What is said after loading has a place too, and quotes no more than what is said before.
func TestReportTakesMore(t *testing.T) {
	t.Parallel()
	_, report := config.Parse("config.yaml", []byte(small), sources())
	report.Warn("it gives four digits", "routes", "0", "use")
	report.Warn("it says "+canary, "providers", "hubtel-gh", "with", "client_secret")
	report.Warn("it says "+canary, "providers", "hubtel-gh", "with", "client_secret")
	report.Refuse("it is missing", "providers", "hubtel-gh", "with", "transports", "sms")
	want := []string{
		`config.yaml:6:71: providers.hubtel-gh.with.client_secret: it says …`,
		`config.yaml:8:18: routes[0].use: it gives four digits`,
	}
	var got []string
	for _, w := range report.Warnings {
		got = append(got, w.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := report.Err().Error(); got != "config.yaml:6:29: providers.hubtel-gh.with.transports.sms: it is missing" {
		t.Error(got)
	}
}

func TestLineOfAValue(t *testing.T) {
	t.Parallel()
	c := parse(t, small)
	for path, want := range map[string]int{
		"": 2, "providers": 5, "providers.hubtel-gh.with": 6, "routes.0": 8, "routes.0.when": 8, "routes.7": 7,
	} {
		var steps []string
		if path != "" {
			steps = strings.Split(path, ".")
		}
		if got := c.Line(steps...); got != want {
			t.Errorf("%s stands in line %d, want %d", path, got, want)
		}
	}
}
