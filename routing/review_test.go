package routing

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func TestRulesThatNoRequestReaches(t *testing.T) {
	t.Parallel()
	sms, mail := []providers.Channel{providers.SMS}, []providers.Channel{providers.Email}
	others := []providers.Channel{providers.WhatsApp, providers.Voice, providers.USSD}
	gh, ng, both := providers.Countries{"GH"}, providers.Countries{"NG"}, providers.Countries{"GH", "NG"}
	shop, bank := []string{"shop"}, []string{"bank"}
	tests := []struct {
		rule  string
		whens []When
		want  []int
	}{
		{"different countries", []When{{Countries: gh}, {Countries: ng}, {}}, nil},
		{"the default is not last", []When{{}, {Countries: gh}}, []int{1}},
		{"two defaults", []When{{}, {}}, []int{1}},
		{"the wider one comes first", []When{{Countries: both}, {Countries: gh, Channels: sms}}, []int{1}},
		{"the narrower one comes first", []When{{Countries: gh, Channels: sms}, {Countries: both}}, nil},
		{"two together take all", []When{{Countries: gh}, {Countries: ng}, {Countries: both}}, []int{2}},
		{"every channel has its rule", []When{{Channels: sms}, {Channels: mail}, {Channels: others}, {}}, []int{3}},
		{"one app only", []When{{Apps: shop}, {Apps: []string{"shop", "bank"}}, {Apps: bank}}, []int{2}},
		{"one purpose only", []When{{Purposes: []string{"pay"}}, {}}, nil},
		{"a longer prefix", []When{{Prefixes: []string{"+233"}}, {Prefixes: []string{"+23324", "+23320"}}}, []int{1}},
		{"a shorter prefix", []When{{Prefixes: []string{"+23324"}}, {Prefixes: []string{"+233"}}, {Countries: gh}}, nil},
		{"an address has no country", []When{{Channels: mail, Countries: gh}}, []int{0}},
		{"an address has no prefix", []When{{Channels: mail, Prefixes: []string{"+233"}}}, []int{0}},
	}
	for _, tt := range tests {
		rules := make([]Rule, len(tt.whens))
		for i, w := range tt.whens {
			rules[i].When = w
		}
		if diff := cmp.Diff(tt.want, Unreachable(rules)); diff != "" {
			t.Errorf("%s: %s", tt.rule, diff)
		}
	}
}

func TestCandidatesThatCanNeverServe(t *testing.T) {
	t.Parallel()
	nigeria := everything(providers.SMS)
	nigeria.Countries = providers.Countries{"NG"}
	infos := map[string]providers.Info{
		"all":    {Coverage: []providers.Coverage{everything(providers.SMS), everything(providers.Email)}},
		"mail":   {Coverage: []providers.Coverage{everything(providers.Email)}},
		"hisend": {Coverage: []providers.Coverage{nigeria, everything(providers.Email)}},
	}
	ghanaSMS := When{Countries: providers.Countries{"GH"}, Channels: []providers.Channel{providers.SMS}}
	rules := []Rule{
		{When: ghanaSMS, Use: []Candidate{{Provider: "all"}, {Provider: "mail"}, {Provider: "hisend"}, {Provider: "all"}}},
		{Use: []Candidate{{Provider: "mail"}, {Provider: "hisend"}, {Provider: "unknown"}}},
		{When: When{Countries: providers.Countries{"GH", "NG"}}, Use: []Candidate{{Provider: "hisend"}}},
	}
	want := []Idle{
		{0, 1, "it covers no channel of the rule"},
		{0, 2, "it covers no country of the rule"},
		{0, 3, "the rule names it twice; only the first place counts"},
	}
	if diff := cmp.Diff(want, IdleCandidates(rules, infos)); diff != "" {
		t.Error(diff)
	}
	r := newRig(t, nil, func(s *Settings) { s.Rules[0].Use = []Candidate{{Provider: "a"}, {Provider: "a"}} }, newFake("a"))
	if plan := r.Plan(smsRequest()); len(plan.Places) != 1 {
		t.Errorf("a provider that is named twice is asked twice: %+v", plan.Places)
	}
}
