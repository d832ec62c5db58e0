package httpsms

import (
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"slices"

	"github.com/otpgate/otpgate/providers"
)

// Account is what a preset needs to know about an account with its vendor.
type Account struct {
	BaseURL      string           `yaml:"base_url"` // empty: the vendor's
	APIKey       providers.Secret `yaml:"api_key"`
	APISecret    providers.Secret `yaml:"api_secret"`
	ClientID     providers.Secret `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	Username     providers.Secret `yaml:"username"`
	Route        string           `yaml:"channel"` // by which the vendor carries a text

	calledAt string // address for callbacks, token and all; empty: messages name none
}

// values are the settings by their names, which are also the placeholders in presets.
func (a Account) values() map[string]string {
	return map[string]string{
		"base_url": a.BaseURL, "api_key": a.APIKey.Reveal(), "api_secret": a.APISecret.Reveal(),
		"client_id": a.ClientID.Reveal(), "client_secret": a.ClientSecret.Reveal(), "username": a.Username.Reveal(),
		"channel": a.Route, "called_at": a.calledAt,
	}
}

// given are the names of the settings that are set.
func (a Account) given() []string {
	var set []string
	for name, value := range a.values() {
		if value != "" {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	return set
}

// preset is an API that is known.
type preset struct {
	baseURL string   // the vendor's; empty: it differs from account to account
	takes   []string // settings of an account, all of them needed
	routes  []string // values of the setting channel, the default first; empty: there is none
	api     func(Account) api
	notices notices
	channel providers.Channel    // that it serves; empty: SMS
	digits  providers.Range[int] // of a code, where the bare code is carried in the vendor's own words; zero: texts are
}

// serves is the channel of the preset.
func (p preset) serves() providers.Channel { return cmp.Or(p.channel, providers.SMS) }

// presets are the APIs that are known. What of them is documented and what is assumed stands in README.md.
func presets() map[string]preset {
	return map[string]preset{
		"africastalking": {
			baseURL: africasTalkingLive, takes: []string{"username", "api_key"}, api: africasTalking,
			notices: notices{format: inForm, id: "id", status: "status"},
		},
		"africastalking-voice": {
			baseURL: africasTalkingCalls, takes: []string{"username", "api_key"}, api: africasTalkingVoice,
			channel: providers.Voice, notices: notices{format: inForm, id: "sessionId", status: "status", asks: true},
		},
		"arkesel": {
			baseURL: "https://sms.arkesel.com", takes: []string{"api_key"}, api: arkesel,
			notices: notices{format: inQuery, id: "sms_id", status: "status", named: true},
		},
		"arkesel-voice": {
			baseURL: "https://sms.arkesel.com", takes: []string{"api_key"}, api: arkeselVoice,
			channel: providers.Voice, digits: recorded(),
		},
		"hubtel-sms": {baseURL: "https://sms.hubtel.com", takes: []string{"client_id", "client_secret"}, api: hubtel},
		"mnotify":    {baseURL: "https://api.mnotify.com/api", takes: []string{"api_key"}, api: mnotify},
		"sendexa-sms": {
			baseURL: "https://api.sendexa.co", takes: []string{"api_key", "api_secret"}, api: sendexa,
			notices: notices{
				format: asJSON, id: "data.messageId | messageId | data.id | id", status: "data.status | status | event",
				signatures: []string{"X-Sendexa-Signature", "X-Signature"}, hash: sha256.New,
			},
		},
		"termii": {
			takes: []string{"api_key"}, routes: []string{"dnd", "generic"}, api: termii,
			notices: notices{
				format: asJSON, id: "message_id", status: "status",
				signatures: []string{"X-Termii-Signature"}, hash: sha512.New,
			},
		},
		"termii-voice": {
			takes: []string{"api_key"}, api: termiiVoice,
			channel: providers.Voice, digits: providers.Range[int]{Min: 4, Max: 8},
		},
		"zend-messages": {
			baseURL: "https://api.tryzend.com", takes: []string{"api_key"}, api: zend,
			notices: notices{
				format: asJSON, id: "message_id", status: "status | event",
				signatures: []string{"X-Zend-Signature"}, hash: sha256.New, named: true,
			},
		},
	}
}

// longestSender is what GSM allows for a name (3GPP TS 23.040 §9.1.2.5), and what the vendors that name a bound name.
const longestSender = 11

func text(s string) providers.Secret { return providers.NewSecret(s) }

// means makes a rule for codes that stand at path; none: for whatever stands there.
func means(class providers.Class, path string, values ...string) ErrorRule {
	return ErrorRule{Path: path, Values: values, Class: class.String()}
}

// ofStatus makes a rule for a status.
func ofStatus(class providers.Class, status int) ErrorRule {
	return ErrorRule{Status: status, Class: class.String()}
}
