package routing

import (
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// A placeholder that a provider does not fill would be shown to people as it stands.
func TestATextWithAPrefixIsForThoseWhoFillIt(t *testing.T) {
	t.Parallel()
	texts := providers.Coverage{Channel: providers.SMS, Message: true}
	filling := texts
	filling.Prefix = true
	none := providers.Coverage{Channel: providers.SMS, Prefix: true}
	for name, tt := range map[string]struct {
		coverage providers.Coverage
		message  string
		passed   string
		why      string // that it is left out when the text is a hard wish; empty: it is not
	}{
		"filled":            {filling, "{prefix}-{code}", "{prefix}-{code}", ""},
		"not filled":        {texts, "{prefix}-{code}", "", "it does not fill {prefix} in a text"},
		"none in the text":  {texts, "prefix {code}", "prefix {code}", ""},
		"no text taken":     {none, "{code}", "", "it does not take a text, and so no template either"},
		"nothing to be cut": {texts, "", "", ""},
	} {
		en := entry{coverage: &tt.coverage, why: misfitsOf(Spot{"a", providers.SMS}, &tt.coverage)}
		if _, message := en.fit(&providers.SendRequest{Message: tt.message}); message != tt.passed {
			t.Errorf("%s: %q is passed on", name, message)
		}
		req := &Request{Send: providers.SendRequest{Message: tt.message}, Hard: Hard{Message: true}}
		reason, why := en.misfit(req), ""
		if reason != "" {
			why = en.why.of(reason)
		}
		if why != tt.why || reason != "" && reason != NoMessage {
			t.Errorf("%s: left out for %q, %q", name, reason, why)
		}
	}
}
