package smtp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smtp"
)

// block collects the places of what is refused or warned of.
type block struct{ places []string }

func (b *block) Refuse(_ string, path ...string) { b.places = append(b.places, path...) }

func (b *block) Warn(_ string, path ...string) {
	b.places = append(b.places, "warning "+strings.Join(path, "."))
}

func (*block) Decode(any, ...string) bool { return true }

func TestCheck(t *testing.T) {
	t.Parallel()
	_, ca := authority(t, "mail.test")
	secret := providers.NewSecret("canary")
	subjects := func(locale, subject string) func(*smtp.Options) {
		return func(o *smtp.Options) { o.Subjects = map[string]string{locale: subject} }
	}
	for name, c := range map[string]struct {
		change func(*smtp.Options)
		want   []string
	}{
		"good": {func(*smtp.Options) {}, nil},
		"good with everything": {
			func(o *smtp.Options) { o.CA, o.Username, o.Password, o.Subject = ca, "u", secret, "{app}" }, nil,
		},
		"no host":                  {func(o *smtp.Options) { o.Host = "" }, []string{"host"}},
		"a host with more":         {func(o *smtp.Options) { o.Host = "u:p@mail.test" }, []string{"host"}},
		"a port too high":          {func(o *smtp.Options) { o.Port = 65536 }, []string{"port"}},
		"a negative port":          {func(o *smtp.Options) { o.Port = -1 }, []string{"port"}},
		"no sender":                {func(o *smtp.Options) { o.From = "" }, []string{"from"}},
		"a sender with a header":   {func(o *smtp.Options) { o.From = "a@b.test\r\nBcc: c@d.test" }, []string{"from"}},
		"a name that is none":      {func(o *smtp.Options) { o.Hello = "a b" }, []string{"hello"}},
		"a subject of two lines":   {func(o *smtp.Options) { o.Subject = "a\r\nBcc: c@d.test" }, []string{"subject"}},
		"a subject with the code":  {func(o *smtp.Options) { o.Subject = "{code}" }, []string{"subject"}},
		"a bounce address":         {func(o *smtp.Options) { o.Bounce = "bounces@shop.test" }, nil},
		"a bounce with a name":     {func(o *smtp.Options) { o.Bounce = "Shop <b@shop.test>" }, []string{"bounce"}},
		"a bounce with a header":   {func(o *smtp.Options) { o.Bounce = "b@shop.test\r\nRCPT TO:<c@d>" }, []string{"bounce"}},
		"subjects by language":     {subjects("pt-BR", "Código {app}"), nil},
		"a subject for no locale":  {subjects("french!", "x"), []string{"subjects", "french!"}},
		"a subject that is empty":  {subjects("fr", ""), []string{"subjects", "fr"}},
		"a subject that tells":     {subjects("fr", "{code}"), []string{"subjects", "fr"}},
		"plain text alone":         {func(o *smtp.Options) { o.HTML = "none" }, nil},
		"a page":                   {func(o *smtp.Options) { o.HTML = "<style>p {color: red}</style>\r\n\t{code}" }, nil},
		"an unknown encryption":    {func(o *smtp.Options) { o.TLS = "ssl" }, []string{"tls"}},
		"in the clear":             {func(o *smtp.Options) { o.TLS = "none" }, []string{"tls"}},
		"in the clear on purpose":  {func(o *smtp.Options) { o.TLS, o.Insecure = "none", true }, nil},
		"in the clear at home":     {func(o *smtp.Options) { o.TLS, o.Host = "none", "localhost" }, nil},
		"in the clear at home, v6": {func(o *smtp.Options) { o.TLS, o.Host = "none", "::1" }, nil},
		"a password in the clear": {
			func(o *smtp.Options) { o.TLS, o.Insecure, o.Username, o.Password = "none", true, "u", secret },
			[]string{"warning tls"},
		},
		"a user without password":  {func(o *smtp.Options) { o.Username = "u" }, []string{"username"}},
		"a password without user":  {func(o *smtp.Options) { o.Password = secret }, []string{"username"}},
		"authorities that are no":  {func(o *smtp.Options) { o.CA = "/etc/ssl/ca.pem" }, []string{"ca"}},
		"a negative timeout":       {func(o *smtp.Options) { o.Timeout = -1 }, []string{"timeout"}},
		"no connections":           {func(o *smtp.Options) { o.Connections = 0 }, []string{"connections"}},
		"too many connections":     {func(o *smtp.Options) { o.Connections = 101 }, []string{"connections"}},
		"connections never closed": {func(o *smtp.Options) { o.IdleTimeout = 0 }, []string{"idle_timeout"}},
		"several mistakes at once": {
			func(o *smtp.Options) { o.Host, o.TLS, o.Port = "", "", -1 }, []string{"host", "port", "tls"},
		},
	} {
		o, ok := smtp.Kind().Options().(*smtp.Options)
		if !ok {
			t.Fatal("unexpected options")
		}
		o.Host, o.From = "mail.test", "Shop <otp@shop.test>"
		c.change(o)
		b := new(block)
		o.Check(b)
		if !slices.Equal(b.places, c.want) {
			t.Errorf("%s: got %q, want %q", name, b.places, c.want)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", o, o), "canary") {
			t.Errorf("%s: printed options show the password", name)
		}
	}
}

func TestBuildNeedsASender(t *testing.T) {
	t.Parallel()
	if _, err := smtp.Kind().Options().Build(providers.Environment{}); err == nil {
		t.Error("built without a sender")
	}
}

func TestUsualPorts(t *testing.T) {
	t.Parallel()
	for mode, port := range map[string]string{"starttls": ":587", "tls": ":465", "none": ":25"} {
		o, ok := smtp.Kind().Options().(*smtp.Options)
		if !ok {
			t.Fatal("unexpected options")
		}
		// Nothing listens on this address of loopback: the error names the port.
		o.Host, o.From, o.TLS = "127.77.77.77", "otp@shop.test", mode
		tr, err := o.Build(providers.Environment{})
		if err != nil {
			t.Fatal(err)
		}
		if err := deliver(t, tr, 1); err == nil || !strings.Contains(err.Error(), "127.77.77.77"+port) {
			t.Errorf("%s: got %v, want port %s", mode, err, port)
		}
	}
}
