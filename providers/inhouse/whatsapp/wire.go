package whatsapp

import (
	"errors"
	"strconv"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// body is that of POST /{version}/{phone number id}/messages, in the order of Meta's page "Authentication templates".
type body struct {
	Product   string   `json:"messaging_product"`
	Recipient string   `json:"recipient_type"`
	To        string   `json:"to"` // digits, country code first
	Type      string   `json:"type"`
	Template  template `json:"template"`
}

type template struct {
	Name       string      `json:"name"`
	Language   language    `json:"language"`
	Components []component `json:"components"`
}

type language struct {
	Code string `json:"code"`
}

type component struct {
	Type       string      `json:"type"`
	SubType    string      `json:"sub_type,omitempty"`
	Index      string      `json:"index,omitempty"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// newBody is the request for a code. It stands there twice: to be read, and for the button that copies it or fills it
// in. The button is written the same way whichever it is.
func newBody(to string, t Template, code string) body {
	said := []parameter{{Type: "text", Text: code}}
	return body{
		Product: "whatsapp", Recipient: "individual", To: to, Type: "template",
		Template: template{Name: t.Name, Language: language{t.Language}, Components: []component{
			{Type: "body", Parameters: said},
			{Type: "button", SubType: "url", Index: "0", Parameters: said},
		}},
	}
}

// answer is every answer: of a message that was taken, or of a refusal.
type answer struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
	Error *struct {
		Code *int `json:"code"`
	} `json:"error"`
}

var errNoID = errors.New("taken without an id")

// read makes a receipt or an error of a whole answer: by Meta's own code first, the status second. A success that is
// not what Meta documents is [providers.Ambiguous]: the message may be under way.
func read(r upstream.Response) (transport.Receipt, error) {
	var a answer
	err := upstream.Decode(r.Body, &a)
	switch {
	case err == nil && a.Error != nil && a.Error.Code != nil:
		return transport.Receipt{}, r.Failure(classOf(*a.Error.Code, r.Status), strconv.Itoa(*a.Error.Code), nil)
	case !success(r.Status):
		return transport.Receipt{}, r.Failure(upstream.ClassOfStatus(r.Status), "", err)
	case err != nil:
		return transport.Receipt{}, r.Failure(providers.Ambiguous, "", err)
	case a.Error != nil || len(a.Messages) != 1 || !validID(a.Messages[0].ID):
		return transport.Receipt{}, r.Failure(providers.Ambiguous, "", errNoID)
	}
	return transport.Receipt{ID: a.Messages[0].ID}, nil
}

// unread is the error of an answer that did not come, or not whole. One whose head said success is ambiguous, whatever
// was wrong with the rest.
func unread(r upstream.Response, err error) error {
	failure, ok := errors.AsType[*providers.Error](err)
	if !ok || !success(r.Status) {
		return err
	}
	return r.Failure(providers.Ambiguous, "", failure.Err)
}

func success(status int) bool { return status >= 200 && status <= 299 }

// validID tells whether id can be one of a message.
func validID(id string) bool {
	const longest = 256
	return len(id) <= longest && upstream.Visible(id)
}
