package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse"
)

// longestLife is the span of time with the longest words: 1439 minutes.
const longestLife = 24*time.Hour - time.Minute

// maxAndroid is the size in bytes up to which Android's SMS Retriever reads a message.
const maxAndroid = 140

// reviewTexts measures every text with the longest code and the longest name among the apps that may use it. It refuses
// what a channel does not carry, and warns of what costs more than one short message.
func reviewTexts(cfg *config.Config, report *config.Report) {
	for name, template := range cfg.Templates {
		r := textReview{report: report}
		for _, id := range slices.Sorted(maps.Keys(cfg.Apps)) {
			if _, hidden := cfg.Apps[id].Templates[name]; !hidden {
				r.apps = append(r.apps, appOf(id, cfg.Apps[id]))
			}
		}
		r.template(template, "templates", name)
	}
	for id, app := range cfg.Apps {
		r := textReview{report: report, apps: []*apps.App{appOf(id, app)}}
		for name, template := range app.Templates {
			r.template(template, "apps", id, "templates", name)
		}
	}
}

// textReview looks at texts that some apps may use.
type textReview struct {
	report *config.Report
	apps   []*apps.App
}

func (r textReview) template(t config.Template, at ...string) {
	for locale, text := range t {
		for _, channel := range providers.Channels() {
			words, place := text.Default, slices.Concat(at, []string{locale})
			if own, ok := text.On()[channel]; ok {
				words, place = own, append(place, string(channel))
			} else if len(text.On()) > 0 {
				place = append(place, "default")
			}
			r.text(words, locale, channel, place)
		}
	}
}

// text measures what the apps make of a text on channel.
func (r textReview) text(text, locale string, channel providers.Channel, at []string) {
	var largest inhouse.Size
	android := 0
	for _, app := range r.apps {
		if !app.Allows(channel) {
			continue
		}
		size, err := inhouse.Measure(longest(providers.SendRequest{
			Channel: channel, Message: otp.FillApp(text, app.Name), Locale: locale, Ending: app.Ending,
		}))
		if err != nil {
			r.report.Refuse(err.Error(), at...)
			return
		}
		if size.Segments > largest.Segments {
			largest = size
		}
		if app.Ending.Android != "" {
			android = max(android, size.Bytes)
		}
	}
	r.warn(largest, android, at)
}

// longest is req with the wishes that make the longest text.
func longest(req providers.SendRequest) providers.SendRequest {
	req.Wish = providers.CodeWish{Length: otp.MaxLength, Expiry: longestLife}
	return req
}

func (r textReview) warn(size inhouse.Size, android int, at []string) {
	if size.Segments > 1 {
		r.report.Warn(fmt.Sprintf("by SMS it takes %d segments, each of which is paid for, with the longest code and name%s",
			size.Segments, because(size)), at...)
	}
	if android > maxAndroid {
		r.report.Warn(fmt.Sprintf("by SMS it has %d bytes with the longest code; Android's SMS Retriever reads up to %d, "+
			"so that an app with android_hash may not see it", android, maxAndroid), at...)
	}
}

// because names the characters that make segments short.
func because(size inhouse.Size) string {
	if !size.UCS2 {
		return "; shorten it to 160 characters"
	}
	const most = 10
	var odd []string
	for _, c := range size.Odd {
		odd = append(odd, string(c))
	}
	if len(odd) > most {
		odd = append(odd[:most], "…")
	}
	return "; it travels as UCS-2, 70 characters to a segment in place of 160, because the GSM alphabet lacks " +
		strings.Join(odd, " ")
}

// reviewBuiltin warns where what an app has written below texts makes a second segment of a built-in one.
func reviewBuiltin(cfg *config.Config, infos map[string]providers.Info, report *config.Report) {
	if !slices.ContainsFunc(slices.Collect(maps.Values(infos)), writesSMS) {
		return
	}
	for id, app := range cfg.Apps {
		made := appOf(id, app)
		if made.Ending == (providers.Ending{}) || app.Defaults.Template != "" || !made.Allows(providers.SMS) {
			continue
		}
		for _, language := range languages(made) {
			size, err := inhouse.Measure(longest(providers.SendRequest{
				Channel: providers.SMS, Locale: language, Ending: made.Ending,
			}))
			if err == nil && size.Segments > 1 {
				report.Warn(fmt.Sprintf("with what stands below it, the built-in text in %q takes %d segments by SMS%s",
					language, size.Segments, because(size)), "apps", id)
			}
		}
	}
}

// languages are those that the app's texts are in when no request names another one.
func languages(app *apps.App) []string {
	if len(app.Countries) == 0 {
		return inhouse.Languages()
	}
	spoken := []string{app.Defaults.Locale}
	for _, country := range app.Countries {
		if language, ok := otp.LanguageOf(country); ok && !slices.Contains(spoken, language) {
			spoken = append(spoken, language)
		}
	}
	return spoken
}

func writesSMS(info providers.Info) bool {
	_, sms := info.On(providers.SMS)
	return sms && info.Kind == inhouse.Kind().Name
}
