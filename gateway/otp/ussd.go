package otp

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// DialInput is what a USSD aggregator says of somebody who dials.
type DialInput struct {
	Provider  string // whose codes are shown
	Number    string // that dials, in international form with or without its plus
	Choice    string // what was typed below a menu; empty: nothing yet
	PerMinute int    // screens that one number may ask for in a minute
}

// Screen is what a phone shows.
type Screen struct {
	Text providers.Secret // up to 160 characters of the GSM alphabet; there may be a code among them
	Menu bool             // an answer is waited for
}

// What is said when no code is shown.
const (
	sayNone  = "There is no code for this number now. Ask the app to send you a new one."
	sayLater = "You have asked too often. Please try again in a minute."
	saySorry = "Sorry, your code cannot be shown now. Please try again in a minute."
)

// Dial shows the person who dials the code that a provider has live for that very number: the same code that was sent.
// When there are several, it asks whose. The screen is fit to be shown also beside an error.
func (s *Service) Dial(ctx context.Context, in DialInput) (Screen, error) {
	now := s.now()
	to, ok := s.dialling(in.Number)
	if !ok {
		return say(sayNone), nil
	}
	often := claim("ussd", Limit{Max: in.PerMinute, Window: time.Minute}, PersonOf(to))
	if _, err := s.memory.Charge([]Claim{often}, now); err != nil {
		return say(sayLater), nil
	}
	found, err := s.shownTo(ctx, to, in.Provider, now)
	if err != nil {
		return say(saySorry), storeError(err)
	}
	choice, _ := strconv.Atoi(strings.TrimSpace(in.Choice))
	switch {
	case len(found) == 0:
		return say(sayNone), nil
	case len(found) == 1:
		return s.show(ctx, found[0], now)
	case 1 <= choice && choice <= len(found):
		return s.show(ctx, found[choice-1], now)
	}
	return s.menu(found, now), nil
}

func say(text string) Screen { return Screen{Text: providers.NewSecret(text)} }

// dialling reads a dialling number. An e-mail address cannot dial.
func (s *Service) dialling(number string) (providers.Recipient, bool) {
	to, err := s.numbers.Recipient("+"+strings.TrimPrefix(strings.TrimSpace(number), "+"), "")
	return to, err == nil && !to.IsEmail()
}

// readable is a live code that can be shown.
type readable struct {
	v Verification
	d Delivery
}

// maxChoices is how many lines of a menu fit on a screen.
const maxChoices = 5

// shownTo lists what provider has live for a number, the newest verification first.
func (s *Service) shownTo(
	ctx context.Context, to providers.Recipient, provider string, now time.Time,
) ([]readable, error) {
	if s.readers[provider] == nil {
		return nil, nil
	}
	open, err := s.store.Open(ctx, to.Address(), now)
	if err != nil {
		return nil, err
	}
	var found []readable
	for _, v := range open {
		live := v.Live(now)
		at := slices.IndexFunc(live, func(d Delivery) bool { return d.Provider == provider })
		if at >= 0 && len(found) < maxChoices {
			found = append(found, readable{v, live[at]})
		}
	}
	return found, nil
}

// show is the screen with the code. Nothing is shown that is not recorded.
func (s *Service) show(ctx context.Context, r readable, now time.Time) (Screen, error) {
	code, err := s.readers[r.d.Provider].Code(r.d.Handle)
	if err != nil {
		return say(saySorry), err
	}
	if err := s.recordShown(ctx, r, now); err != nil {
		return say(saySorry), storeError(err)
	}
	return say(gsm(s.appName(r.v.App), 40) + ": your code is " + code.Reveal() +
		". It is good for " + left(r.d.ExpiresAt.Sub(now)) + ". Tell it to nobody."), nil
}

// left is a span of time in whole minutes.
func left(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return strconv.Itoa(int(d.Minutes())) + " min"
}

// recordShown adds a delivery by USSD, once for each code. The code is that of the delivery which was sent, as its state
// tells; it is put to the provider there, and so a guess is not put to it a second time here.
func (s *Service) recordShown(ctx context.Context, r readable, now time.Time) error {
	if slices.ContainsFunc(r.v.Deliveries, func(d Delivery) bool {
		return d.Channel == providers.USSD && d.Provider == r.d.Provider &&
			bytes.Equal(d.Handle.State, r.d.Handle.State)
	}) {
		return nil
	}
	shown := Delivery{
		ID: newID(now), Provider: r.d.Provider, Channel: providers.USSD, To: r.v.To, Status: DeliveryDelivered, At: now,
		Handle:    providers.Handle{Prefix: r.d.Handle.Prefix, State: r.d.Handle.State, Granted: r.d.Handle.Granted},
		ExpiresAt: r.d.ExpiresAt,
	}
	_, err := s.store.Deliver(ctx, Dispatch{Reference: r.v.Reference, Deliveries: []Delivery{shown}, Now: now})
	return err
}

// menu asks whose code is meant. Two of one app are told apart by their age.
func (s *Service) menu(found []readable, now time.Time) Screen {
	text := "Which code?"
	for i, r := range found {
		text += "\n" + strconv.Itoa(i+1) + " " + gsm(s.appName(r.v.App), 14)
		twins := func(o readable) bool { return o.v.App == r.v.App && o.v.Reference != r.v.Reference }
		if slices.ContainsFunc(found, twins) {
			text += ", " + age(now.Sub(r.v.CreatedAt))
		}
	}
	return Screen{Text: providers.NewSecret(text), Menu: true}
}

func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "new"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min old"
	}
	return strconv.Itoa(int(d.Hours())) + " h old"
}

// appName is how people know an app; its id, when it has left the configuration.
func (s *Service) appName(id string) string { return first(s.appNames[id], id) }

// gsmLetters are the characters of the basic GSM alphabet (3GPP TS 23.038, 6.2.1) but for its Greek capitals and line
// breaks: each takes one place on a screen, and every phone shows them.
const gsmLetters = " !\"#$%&'()*+,-./0123456789:;<=>?@_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" +
	"£¥èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà§¿¡"

// gsm is text as far as a phone can show it, cut to so many characters.
func gsm(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		if most == 0 {
			break
		}
		if !strings.ContainsRune(gsmLetters, r) {
			r = '?'
		}
		b.WriteRune(r)
		most--
	}
	return b.String()
}
