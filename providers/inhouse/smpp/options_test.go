package smpp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
)

// block collects the places of what is refused or warned of.
type block struct{ places []string }

func (b *block) Refuse(text string, path ...string) {
	if !strings.Contains(text, " ") || strings.Contains(text, "canary") {
		path = []string{"no sentence: " + text}
	}
	b.places = append(b.places, path...)
}

func (b *block) Warn(_ string, path ...string) {
	b.places = append(b.places, "warning "+strings.Join(path, "."))
}

func (*block) Decode(any, ...string) bool { return true }

func TestCheck(t *testing.T) {
	t.Parallel()
	_, ca := authority(t, "smsc.test")
	number := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		change func(*smpp.Options)
		want   []string
	}{
		"good": {func(*smpp.Options) {}, nil},
		"good with everything": {func(o *smpp.Options) {
			o.Port, o.CA, o.SystemType, o.Sender, o.SourceTON, o.SourceNPI = 1, ca, "OTP", "Shop & Co", number(5), number(18)
			o.LongMessages, o.ReceiptIDs, o.Binds, o.Window, o.DestTON, o.DestNPI = "payload", "hex", 32, 1000, 0, 0
		}, nil},
		"no host":              {func(o *smpp.Options) { o.Host = "" }, []string{"host"}},
		"a host with more":     {func(o *smpp.Options) { o.Host = "smpp://smsc.test" }, []string{"host"}},
		"a port too high":      {func(o *smpp.Options) { o.Port = 65536 }, []string{"port"}},
		"a negative port":      {func(o *smpp.Options) { o.Port = -1 }, []string{"port"}},
		"in the clear":         {func(o *smpp.Options) { o.TLS = false }, []string{"tls"}},
		"in the clear at home": {func(o *smpp.Options) { o.TLS, o.Host = false, "localhost" }, nil},
		"in the clear on purpose": {
			func(o *smpp.Options) { o.TLS, o.Insecure = false, true }, []string{"warning tls"},
		},
		"authorities that are no":     {func(o *smpp.Options) { o.CA = "/etc/ssl/ca.pem" }, []string{"ca"}},
		"no account":                  {func(o *smpp.Options) { o.SystemID = "" }, []string{"system_id"}},
		"an account of 16 characters": {func(o *smpp.Options) { o.SystemID = "abcdefghijklmnop" }, []string{"system_id"}},
		"an account with a blank":     {func(o *smpp.Options) { o.SystemID = "a b" }, []string{"system_id"}},
		"no password":                 {func(o *smpp.Options) { o.Password = providers.Secret{} }, []string{"password"}},
		"a password with a NUL": {
			func(o *smpp.Options) { o.Password = providers.NewSecret("canary\x00") }, []string{"password"},
		},
		"a password of nine characters": {
			func(o *smpp.Options) { o.Password = providers.NewSecret("canary-pw") }, []string{"warning password"},
		},
		"a type of 13 characters":    {func(o *smpp.Options) { o.SystemType = "abcdefghijklm" }, []string{"system_type"}},
		"a type with a NUL":          {func(o *smpp.Options) { o.SystemType = "a\x00" }, []string{"system_type"}},
		"a name of 12 characters":    {func(o *smpp.Options) { o.Sender = "abcdefghijkl" }, []string{"sender"}},
		"a name with an accent":      {func(o *smpp.Options) { o.Sender = "Café" }, []string{"sender"}},
		"a name that ASCII reads so": {func(o *smpp.Options) { o.Sender = "a_b" }, []string{"sender"}},
		"a name in a blank":          {func(o *smpp.Options) { o.Sender = " Shop" }, []string{"sender"}},
		"a name of two lines":        {func(o *smpp.Options) { o.Sender = "a\nb" }, []string{"sender"}},
		"a number too short":         {func(o *smpp.Options) { o.Sender = "12" }, []string{"sender"}},
		"a number too long":          {func(o *smpp.Options) { o.Sender = "1234567890123456" }, []string{"sender"}},
		"a plus and no number":       {func(o *smpp.Options) { o.Sender = "+Shop" }, []string{"sender"}},
		"a type of number too high": {
			func(o *smpp.Options) { o.SourceTON, o.DestTON = number(7), -1 }, []string{"source_ton", "dest_ton"},
		},
		"a plan too high": {
			func(o *smpp.Options) { o.SourceNPI, o.DestNPI = number(-1), 19 }, []string{"source_npi", "dest_npi"},
		},
		"no binds":            {func(o *smpp.Options) { o.Binds = 0 }, []string{"binds"}},
		"too many binds":      {func(o *smpp.Options) { o.Binds = 33 }, []string{"binds"}},
		"no window":           {func(o *smpp.Options) { o.Window = 0 }, []string{"window"}},
		"too large a window":  {func(o *smpp.Options) { o.Window = 1001 }, []string{"window"}},
		"no enquiries":        {func(o *smpp.Options) { o.EnquireEvery = 0 }, []string{"enquire_every"}},
		"a negative timeout":  {func(o *smpp.Options) { o.Timeout = -1 }, []string{"timeout"}},
		"an unknown way":      {func(o *smpp.Options) { o.LongMessages = "sar" }, []string{"long_messages"}},
		"an unknown notation": {func(o *smpp.Options) { o.ReceiptIDs = "octal" }, []string{"receipt_ids"}},
		"several at once": {
			func(o *smpp.Options) { o.Host, o.Port, o.TLS, o.Binds = "", -1, false, 0 },
			[]string{"host", "port", "tls", "binds"},
		},
		"everything forgotten": {
			func(o *smpp.Options) { *o = smpp.Options{TLS: true} },
			[]string{
				"host", "system_id", "password", "binds", "window", "enquire_every", "long_messages", "receipt_ids",
			},
		},
	} {
		o, ok := smpp.Kind().Options().(*smpp.Options)
		if !ok {
			t.Fatal("unexpected options")
		}
		o.Host, o.SystemID, o.Password = "smsc.test", testSystem, providers.NewSecret("canary12")
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

func TestOptionsAreReadFromAFile(t *testing.T) {
	t.Parallel()
	const text = `
kind: smpp
host: smsc.test
port: 2775
tls: false
ca: ""
insecure: true
system_id: otpgate
password: canary12
system_type: OTP
sender: Shop
source_ton: 5
source_npi: 0
dest_ton: 1
dest_npi: 1
binds: 2
window: 20
enquire_every: 45s
timeout: 5s
long_messages: payload
receipt_ids: decimal
validity: false
`
	var document yaml.Node
	if err := yaml.Load([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	o, ok := smpp.Kind().Options().(*smpp.Options)
	if !ok {
		t.Fatal("unexpected options")
	}
	if err := document.Load(o, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if *o.SourceTON != 5 || *o.SourceNPI != 0 || o.EnquireEvery.Seconds() != 45 || o.Password.Reveal() != "canary12" {
		t.Errorf("got %+v", o)
	}
	b := new(block)
	if o.Check(b); !slices.Equal(b.places, []string{"warning tls"}) {
		t.Errorf("got %q", b.places)
	}
}

func TestUsualPorts(t *testing.T) {
	t.Parallel()
	for encrypted, port := range map[bool]string{true: ":3550", false: ":2775"} {
		// Nothing listens on this address of loopback: the error names the port.
		tr := build(t, &smsc{address: "127.77.77.77:0"}, func(o *smpp.Options) { o.TLS = encrypted })
		if err := deliver(t, tr, 1); err == nil || !strings.Contains(err.Error(), "127.77.77.77"+port) {
			t.Errorf("tls %v: got %v, want port %s", encrypted, err, port)
		}
	}
}

func TestPriorityOfTimeouts(t *testing.T) {
	t.Parallel()
	s := startSMSC(t, nil)
	s.follow(s.hold(0x04))
	o := options(t, s.address, func(o *smpp.Options) { o.Timeout = 0 })
	tr, err := o.Build(providers.Environment{Timeout: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, tr)
	if class, _ := refusal(t, deliver(t, tr, 1)); class != providers.Transient {
		t.Errorf("got %v", class)
	}
}
