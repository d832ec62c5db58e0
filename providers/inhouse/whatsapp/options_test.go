package whatsapp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
)

func TestKind(t *testing.T) {
	t.Parallel()
	kind := whatsapp.Kind()
	if diff := cmp.Diff([]providers.Channel{providers.WhatsApp}, kind.Channels); diff != "" {
		t.Error(diff)
	}
	o := kind.Options().(*whatsapp.Options)
	if o.BaseURL != "https://graph.facebook.com" || o.Version != "v21.0" || o.Language != "en_US" {
		t.Errorf("defaults %+v", o)
	}
}

// Meta writes the text, so nobody else's is granted.
func TestNarrow(t *testing.T) {
	t.Parallel()
	all := providers.Coverage{Channel: providers.WhatsApp, Message: true, Prefix: true, Length: providers.Range[int]{Min: 4, Max: 10}}
	want := all
	want.Message, want.Prefix = false, false
	got, err := new(whatsapp.Options).Narrow(all)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// Each mistake is refused at its place, and what is right is not.
func TestCheck(t *testing.T) {
	t.Parallel()
	type change = func(*whatsapp.Options)
	templates := func(all map[string]whatsapp.Template) change { return func(o *whatsapp.Options) { o.Templates = all } }
	for name, test := range map[string]struct {
		change change
		want   []string // the beginnings of what is said
	}{
		"all is well": {func(*whatsapp.Options) {}, nil},
		"templates for some": {templates(map[string]whatsapp.Template{
			"fr": {Language: "fr"}, "pt-BR": {Name: "otp_pt"}, "es": {Language: "es_MEX"}, "fil": {},
		}), nil},
		"plain http elsewhere": {func(o *whatsapp.Options) { o.BaseURL = "http://graph.facebook.com" }, []string{"base_url: "}},
		"plain http, meant":    {func(o *whatsapp.Options) { o.BaseURL, o.Insecure = "http://graph.facebook.com", true }, nil},
		"no number":            {func(o *whatsapp.Options) { o.PhoneNumberID = "" }, []string{"phone_number_id: "}},
		"the number itself":    {func(o *whatsapp.Options) { o.PhoneNumberID = "+233201234567" }, []string{"phone_number_id: "}},
		"a path as number":     {func(o *whatsapp.Options) { o.PhoneNumberID = "1/../2" }, []string{"phone_number_id: "}},
		"no token":             {func(o *whatsapp.Options) { o.Token = secret("") }, []string{"token: "}},
		"a broken token":       {func(o *whatsapp.Options) { o.Token = secret("canary token") }, []string{"token: "}},
		"no version":           {func(o *whatsapp.Options) { o.Version = "" }, []string{"version: "}},
		"half a version":       {func(o *whatsapp.Options) { o.Version = "v21" }, []string{"version: "}},
		"another version":      {func(o *whatsapp.Options) { o.Version = "21.0" }, []string{"version: "}},
		"a path as version":    {func(o *whatsapp.Options) { o.Version = "v../." }, []string{"version: "}},
		"no template":          {func(o *whatsapp.Options) { o.Template = "" }, []string{"template: "}},
		"no usual template": {func(o *whatsapp.Options) {
			o.Template, o.Templates = "", map[string]whatsapp.Template{"fr": {Name: "otp"}}
		}, []string{"template: warning: "}},
		"a template with a space": {func(o *whatsapp.Options) { o.Template = "OTP Login" }, []string{"template: "}},
		"no language":             {func(o *whatsapp.Options) { o.Language = "" }, []string{"language: "}},
		"a locale as language":    {func(o *whatsapp.Options) { o.Language = "en-US" }, []string{"language: "}},
		"a bare region":           {func(o *whatsapp.Options) { o.Language = "en_" }, []string{"language: "}},
		"a locale without a name": {func(o *whatsapp.Options) {
			o.Template, o.Templates = "", map[string]whatsapp.Template{"fr": {}}
		}, []string{"template: warning: ", "templates.fr.name: "}},
		"a locale with a wrong name": {templates(map[string]whatsapp.Template{"fr": {Name: "é"}}), []string{"templates.fr.name: "}},
		"a locale that is none":      {templates(map[string]whatsapp.Template{"french": {}}), []string{"templates.french.language: "}},
		"a locale that stands there twice": {
			templates(map[string]whatsapp.Template{"pt-BR": {}, "pt_BR": {}}), []string{"templates.pt_BR: "},
		},
		"no callbacks": {func(o *whatsapp.Options) { o.AppSecret, o.VerifyToken = secret(""), secret("") },
			[]string{"app_secret: warning: "}},
		"a challenge without a secret": {func(o *whatsapp.Options) { o.AppSecret = secret("") }, []string{"app_secret: "}},
		"a secret without a challenge": {func(o *whatsapp.Options) { o.VerifyToken = secret("") }, []string{"verify_token: warning: "}},
		"a broken secret":              {func(o *whatsapp.Options) { o.AppSecret = secret("a b") }, []string{"app_secret: "}},
		"a broken verify token":        {func(o *whatsapp.Options) { o.VerifyToken = secret("a\n") }, []string{"verify_token: "}},
		"everything at once": {func(o *whatsapp.Options) { *o = whatsapp.Options{} }, []string{
			"base_url: ", "phone_number_id: ", "token: ", "version: ", "template: ", "language: ", "app_secret: warning: ",
		}},
	} {
		o := options("https://graph.facebook.com")
		test.change(o)
		var b block
		o.Check(&b)
		if len(b) != len(test.want) {
			t.Errorf("%s: %q", name, b)
			continue
		}
		for i, said := range b {
			if !strings.HasPrefix(said, test.want[i]) || strings.Contains(said, "canary") {
				t.Errorf("%s: said %q, want %q", name, said, test.want[i])
			}
		}
	}
}

func TestBuildRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	o := options("::")
	if _, err := o.Build(providers.Environment{}); err == nil {
		t.Error("built")
	}
}
