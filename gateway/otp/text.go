package otp

import "github.com/otpgate/otpgate/providers"

// text chooses what the message says, and in which language.
func (d *draft) text(policy Policy) {
	in := d.in
	if !isLocale(in.Locale) {
		d.refuse("locale", "this is not a language tag; write such as en, fr or pt-BR")
	}
	d.v.Ending = d.app.Ending
	d.v.Hard.Message = in.Message != "" || in.Template != ""
	switch {
	case in.Template != "" && in.Message != "":
		d.refuse("message", "template and message exclude each other; send one of them")
	case in.Message != "":
		if err := CheckText(in.Message); err != nil {
			d.refuse("message", err.Error())
		}
		// Its language is the app's affair: the country of the number says nothing of it.
		d.v.Message, d.v.Locale = FillApp(in.Message, d.app.Name), first(in.Locale, d.app.Defaults.Locale)
	default:
		d.template(policy)
	}
}

// template takes the text from the configuration; where that names none, the upstream has its own.
func (d *draft) template(policy Policy) {
	wishes := d.locales()
	d.v.Locale = first(wishes...)
	name := first(d.in.Template, d.app.Defaults.Template)
	if name == "" {
		return
	}
	template, ok := policy.template(d.app.ID, name)
	if !ok {
		if d.in.Template != "" {
			d.refuse("template", "there is no such template; the gateway's operator keeps them in the configuration")
		}
		return
	}
	text, locale := template.In(wishes...)
	d.v.Locale, d.v.Message = locale, FillApp(text.Default, d.app.Name)
	for channel, own := range text.On {
		if d.v.Messages == nil {
			d.v.Messages = make(map[providers.Channel]string, len(text.On))
		}
		d.v.Messages[channel] = FillApp(own, d.app.Name)
	}
}

// locales are the languages to write in, the best one first: that of the request, else that of the number's country,
// else the app's.
func (d *draft) locales() []string {
	if d.in.Locale != "" {
		return []string{d.in.Locale}
	}
	country, home := d.v.To.Country(), d.app.Defaults.Locale
	if language, ok := LanguageOf(country); ok {
		return []string{language + "-" + country, home}
	}
	return []string{home}
}

// size refuses a text of the request's own that one of its channels does not carry. Those of the configuration were
// measured when it was read.
func (d *draft) size(s *Service) {
	if d.in.Message == "" || len(d.fields) > 0 || s.measure == nil {
		return
	}
	job := newJob(s, d.v)
	for _, step := range append([]Step{{Channel: d.v.Channel, To: d.v.To}}, d.v.Next.Steps...) {
		req := job.request(step).Send
		req.Wish.Expiry = d.v.Wish.Expiry
		if _, err := s.measure(req); err != nil {
			d.refuse("message", err.Error())
			return
		}
	}
}
