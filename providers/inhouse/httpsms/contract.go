package httpsms

import "github.com/otpgate/otpgate/providers"

// Contract describes an HTTP API: what it is sent, and what its answers mean. Texts that go on the wire may hold the
// placeholders {to} {to_digits} {to_local} {text} {code} {sender} {ref} and, where the transport speaks, {spoken}. A
// field of multipart may be {audio}, a file in which the code is said.
//
// Whatever may hold a credential is a [providers.Secret], so that no print of the options shows it.
type Contract struct {
	Method  string                      `yaml:"method"` // GET, POST or PUT; empty: POST
	URL     providers.Secret            `yaml:"url"`    // with its query, if it has one
	Headers map[string]providers.Secret `yaml:"headers"`
	Query   map[string]providers.Secret `yaml:"query"` // besides that of the URL
	Body    providers.Secret            `yaml:"body"`  // JSON, unless the header Content-Type says otherwise
	Form    map[string]providers.Secret `yaml:"form"`  // in place of a body, URL-encoded
	Basic   Basic                       `yaml:"basic"`

	Multipart map[string]providers.Secret `yaml:"multipart"` // in place of a body, multipart/form-data

	Accept  []int       `yaml:"accept"`  // statuses of success; empty: 200, 201 and 202
	Success Conditions  `yaml:"success"` // what an answer with such a status must say besides
	IDPath  string      `yaml:"id_path"` // where the message's id stands
	Errors  []ErrorRule `yaml:"errors"`  // what refusals mean; the first that applies counts
}

// Basic is HTTP Basic authentication (RFC 7617).
type Basic struct {
	Username providers.Secret `yaml:"username"`
	Password providers.Secret `yaml:"password"`
}

// Conditions must all hold. In a configuration a single one may be written without a list.
type Conditions []Condition

// UnmarshalYAML reads a list, or a single condition.
func (c *Conditions) UnmarshalYAML(read func(into any) error) error {
	var shape any
	if err := read(&shape); err != nil {
		return err
	}
	if _, single := shape.(map[string]any); single {
		*c = make(Conditions, 1)
		return read(&(*c)[0])
	}
	var list []Condition
	err := read(&list)
	*c = list
	return err
}

// Condition is something that an answer must say.
type Condition struct {
	Path   string   `yaml:"path"`
	Values []string `yaml:"values"` // one of them must stand there; neither values nor min: anything but nothing
	Min    float64  `yaml:"min"`    // the least number that may stand there; 0: no bound
	// Optional: it holds also where nothing stands there.
	Optional bool `yaml:"optional"`
}

// ErrorRule says what a refusal means. Where both status and path are given, both must apply.
type ErrorRule struct {
	Status int      `yaml:"status"` // 0: any, also one of success
	Path   string   `yaml:"path"`
	Values []string `yaml:"values"` // one of them stands there; empty: anything but nothing
	Class  string   `yaml:"class"`  // as [providers.Class] names it
}
