package otp

// Policy is what the configuration says about every request.
type Policy struct {
	Templates map[string]Template
	Own       map[string]map[string]Template // of single apps, by id: they win over Templates of the same name
	Limits    Limits
	AppLimits map[string]AppLimits // of single apps, by id
}

// template is what an app means by a name.
func (p Policy) template(app, name string) (Template, bool) {
	if own, ok := p.Own[app][name]; ok {
		return own, true
	}
	shared, ok := p.Templates[name]
	return shared, ok
}

// Limits bear on every app that has none of its own.
type Limits struct {
	Recipient         []Limit            // messages to one person, resends included
	RecipientFailures *Limit             // wrong guesses of one person over all verifications; nil: unlimited
	App               []Limit            // sends and resends of one app
	IP                []Limit            // messages asked for by one address of the people that an app serves (client.ip)
	Countries         map[string][]Limit // messages to numbers of a country, of all apps together
	// Shared tells that many gateways count together: nothing is counted in the memory of one.
	Shared bool
}

// AppLimits are the limits of one app's own. Except for App, they count what this app does and nothing else.
type AppLimits struct {
	Recipient, App, IP []Limit            // in place of those of Limits; nil: as there; empty: unlimited
	Countries          map[string][]Limit // beside those of Limits
}
