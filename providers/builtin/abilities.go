package builtin

import (
	"fmt"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Abilities is the table of what each kind can do, for docs/providers.md: what its own Info and its methods say, and
// what no program can find out, from the lines "Guesses are counted by: …" and "Unknown: …" of its README, which readme
// returns. The in-house generator covers what its transports cover.
func Abilities(readme func(kind string) (string, error)) (string, error) {
	var b strings.Builder
	b.WriteString("| kind | channel | countries | length | alphabets | expiry | guesses granted | own text | resend | status | guesses counted by | unknown |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, kind := range Kinds() {
		p, err := kind.Options().Build(providers.Environment{Name: kind.Name, CodeKeys: unusedKeys()})
		if err != nil {
			return "", fmt.Errorf("%s: %w", kind.Name, err)
		}
		text, err := readme(kind.Name)
		if err != nil {
			return "", err
		}
		guesses, unknown := line(text, "Guesses are counted by: "), line(text, "Unknown: ")
		if guesses == "" || unknown == "" {
			return "", fmt.Errorf("%s: its README tells not who counts guesses, or what is unknown", kind.Name)
		}
		for _, c := range coverage(p.Info()) {
			_, resends := p.(providers.Resender)
			_, tells := p.(providers.StatusReader)
			_, _ = fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
				kind.Name, c.channel, c.countries, c.length, c.alphabets, c.expiry, c.attempts, yes(c.message),
				either(resends, "its own", "sends again"), yes(tells), guesses, unknown)
		}
	}
	return b.String(), nil
}

type row struct {
	channel, countries, length, alphabets, expiry, attempts string
	message                                                 bool
}

func coverage(info providers.Info) []row {
	if len(info.Coverage) == 0 {
		return []row{{"each with a transport", "everywhere", "4–10", "numeric, alphabetic, alphanumeric", "1m–24h", "1–10", true}}
	}
	var rows []row
	for _, c := range info.Coverage {
		r := row{channel: string(c.Channel), countries: "everywhere", expiry: "no wish", attempts: "no wish", message: c.Message}
		if len(c.Countries) > 0 {
			r.countries = strings.Join(c.Countries, ", ")
		}
		if r.length = fmt.Sprintf("%d–%d", c.Length.Min, c.Length.Max); c.Length.Min == c.Length.Max {
			r.length = fmt.Sprint(c.Length.Min)
		}
		var alphabets []string
		for _, a := range c.Alphabets {
			alphabets = append(alphabets, string(a))
		}
		r.alphabets = strings.Join(alphabets, ", ")
		if !c.Expiry.Zero() {
			r.expiry = short(c.Expiry.Min) + "–" + short(c.Expiry.Max)
		}
		if !c.Attempts.Zero() {
			r.attempts = fmt.Sprintf("%d–%d", c.Attempts.Min, c.Attempts.Max)
		}
		rows = append(rows, r)
	}
	return rows
}

// short writes whole hours and minutes as people do.
func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

func yes(b bool) string { return either(b, "yes", "no") }

func either(b bool, so, otherwise string) string {
	if b {
		return so
	}
	return otherwise
}

// line is the rest of the line of text that begins with head.
func line(text, head string) string {
	for one := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(one, head); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// unusedKeys let the in-house generator be built. Nothing is ever made with them.
func unusedKeys() []providers.CodeKey {
	return []providers.CodeKey{{ID: "none", Key: providers.NewSecret(strings.Repeat("0", 32))}}
}
