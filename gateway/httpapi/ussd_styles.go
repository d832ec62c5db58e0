package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/goccy/go-json/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// ussdStyle is how an aggregator writes its callbacks, and how it wants to be answered.
type ussdStyle struct {
	read  func(body []byte) (dialled, error)
	write func(d dialled, s otp.Screen) otp.Answer
}

// dialled is what an aggregator says of somebody who dials.
type dialled struct {
	number  string
	choice  string // what was typed last; empty on the first screen
	session string
	user    string // of the aggregator's account
	over    bool   // the session has ended, and nobody sees a further screen
}

func styleOf(name string) (ussdStyle, bool) {
	switch name {
	case "africastalking":
		return ussdStyle{readAfricasTalking, writeAfricasTalking}, true
	case "hubtel":
		return ussdStyle{readHubtel, writeHubtel}, true
	case "arkesel":
		return ussdStyle{readArkesel, writeArkesel}, true
	}
	return ussdStyle{}, false
}

// readAfricasTalking reads a form whose text holds everything that was typed so far, joined by asterisks.
// Source: developers.africastalking.com, USSD, "Handle sessions".
func readAfricasTalking(body []byte) (dialled, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return dialled{}, invalid(otp.Field{Field: "body", Message: "must be a form, as application/x-www-form-urlencoded"})
	}
	text := form.Get("text")
	d := dialled{number: form.Get("phoneNumber"), choice: text[strings.LastIndexByte(text, '*')+1:]}
	return d, d.check("phoneNumber")
}

func writeAfricasTalking(_ dialled, s otp.Screen) otp.Answer {
	verb := "END "
	if s.Menu {
		verb = "CON "
	}
	return otp.Answer{
		Status: http.StatusOK, ContentType: fiber.MIMETextPlainCharsetUTF8, Body: []byte(verb + s.Text.Reveal()),
	}
}

// hubtelRequest is what Hubtel's programmable services ask. Source: hubtel.readme.io, "Service interaction".
type hubtelRequest struct {
	Type      string // Initiation, Response; Release or Timeout when it is over
	Mobile    string // international, without the plus
	SessionID string `json:"SessionId"`
	Message   string // the dialled string on Initiation, what was typed on Response
}

type hubtelAnswer struct {
	SessionID   string `json:"SessionId"`
	Type        string // Response: an answer is waited for; Release: it is over
	Message     string
	Label       string // for the faces of the service that are not phones
	DataType    string
	FieldType   string
	ClientState string // comes back with the next request; nothing needs to
}

func readHubtel(body []byte) (dialled, error) {
	var in hubtelRequest
	if err := readLoose(body, &in); err != nil {
		return dialled{}, err
	}
	d := dialled{number: in.Mobile, session: in.SessionID}
	switch {
	case strings.EqualFold(in.Type, "Initiation"):
	case strings.EqualFold(in.Type, "Response"):
		d.choice = in.Message
	default:
		d.over = true
	}
	return d, d.check("Mobile")
}

func writeHubtel(d dialled, s otp.Screen) otp.Answer {
	out := hubtelAnswer{
		SessionID: d.session, Type: "Release", Message: s.Text.Reveal(),
		Label: "Code", DataType: "display", FieldType: "text",
	}
	if s.Menu {
		out.Type, out.DataType = "Response", "input"
	}
	return answer(http.StatusOK, out)
}

// arkeselRequest is what Arkesel's USSD gateway asks. Source: developers.arkesel.com, USSD samples.
type arkeselRequest struct {
	SessionID  string `json:"sessionID"`
	UserID     string `json:"userID"`
	NewSession bool   `json:"newSession"`
	MSISDN     string `json:"msisdn"`   // international, without the plus
	UserData   string `json:"userData"` // the dialled string in a new session, what was typed later
}

type arkeselAnswer struct {
	SessionID       string `json:"sessionID"`
	UserID          string `json:"userID"`
	MSISDN          string `json:"msisdn"`
	Message         string `json:"message"`
	ContinueSession bool   `json:"continueSession"`
}

func readArkesel(body []byte) (dialled, error) {
	var in arkeselRequest
	if err := readLoose(body, &in); err != nil {
		return dialled{}, err
	}
	d := dialled{number: in.MSISDN, session: in.SessionID, user: in.UserID}
	if !in.NewSession {
		d.choice = in.UserData
	}
	return d, d.check("msisdn")
}

func writeArkesel(d dialled, s otp.Screen) otp.Answer {
	return answer(http.StatusOK, arkeselAnswer{
		SessionID: d.session, UserID: d.user, MSISDN: d.number, Message: s.Text.Reveal(), ContinueSession: s.Menu,
	})
}

// readLoose reads somebody else's JSON: members that are not known here mean nothing, and case does not matter.
func readLoose(body []byte, in any) error {
	if json.Unmarshal(body, in, json.MatchCaseInsensitiveNames(true)) != nil {
		return invalid(otp.Field{Field: "body", Message: "must be a JSON object as the aggregator documents it"})
	}
	return nil
}

// check refuses a callback about nobody.
func (d dialled) check(field string) error {
	if d.number == "" {
		return invalid(otp.Field{Field: field, Message: "is required"})
	}
	return nil
}
