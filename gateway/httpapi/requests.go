package httpapi

import (
	"github.com/otpgate/otpgate/gateway/otp"
)

// The bodies of requests, member for member as the contract has them.

type sendRequest struct {
	To          string            `json:"to"`
	Channel     string            `json:"channel"`
	Country     string            `json:"country"`
	Sender      string            `json:"sender"`
	Code        codeWish          `json:"code"`
	ExpiresIn   string            `json:"expires_in"`
	MaxAttempts *int              `json:"max_attempts"`
	Template    string            `json:"template"`
	Message     string            `json:"message"`
	Locale      string            `json:"locale"`
	Purpose     string            `json:"purpose"`
	Fallback    []fallbackStep    `json:"fallback"`
	Metadata    map[string]string `json:"metadata"`
	Client      client            `json:"client"`
}

type codeWish struct {
	Length   *int   `json:"length"`
	Alphabet string `json:"alphabet"`
}

type fallbackStep struct {
	Channel string `json:"channel"`
	To      string `json:"to"`
	After   string `json:"after"`
}

type client struct {
	IP       string `json:"ip"`
	DeviceID string `json:"device_id"`
}

func (b sendRequest) input() otp.SendInput {
	in := otp.SendInput{
		To: b.To, Channel: b.Channel, Country: b.Country, Sender: b.Sender,
		Length: b.Code.Length, Alphabet: b.Code.Alphabet, ExpiresIn: b.ExpiresIn, MaxAttempts: b.MaxAttempts,
		Template: b.Template, Message: b.Message, Locale: b.Locale, Purpose: b.Purpose, Metadata: b.Metadata,
		ClientIP: b.Client.IP, DeviceID: b.Client.DeviceID,
	}
	for _, step := range b.Fallback {
		in.Fallback = append(in.Fallback, otp.FallbackInput(step))
	}
	return in
}

// missing names nothing: the use case names a missing recipient together with every other mistake.
func (sendRequest) missing() []otp.Field { return nil }

type verifyRequest struct {
	Reference string       `json:"reference"`
	Code      string       `json:"code"`
	To        string       `json:"to"`
	Purpose   string       `json:"purpose"`
	Client    verifyClient `json:"client"`
}

type verifyClient struct {
	IP string `json:"ip"`
}

func (b verifyRequest) input() otp.VerifyInput {
	return otp.VerifyInput{
		Reference: b.Reference, Code: b.Code, To: b.To, Purpose: b.Purpose, ClientIP: b.Client.IP,
	}
}

func (b verifyRequest) missing() []otp.Field {
	return append(required("reference", b.Reference), required("code", b.Code)...)
}

type resendRequest struct {
	Reference string `json:"reference"`
	Channel   string `json:"channel"`
}

func (b resendRequest) missing() []otp.Field { return required("reference", b.Reference) }

type cancelRequest struct {
	Reference string `json:"reference"`
}

func (b cancelRequest) missing() []otp.Field { return required("reference", b.Reference) }

func required(field, value string) []otp.Field {
	if value != "" {
		return nil
	}
	return []otp.Field{{Field: field, Message: "is required"}}
}

// statusInput reads the query of status: a reference, or a provider and what it calls the delivery.
func (r *call) statusInput() (otp.StatusInput, error) {
	query, err := r.query("reference", "provider", "provider_reference")
	if err != nil {
		return otp.StatusInput{}, err
	}
	in := otp.StatusInput{
		Reference: query["reference"], Provider: query["provider"], ProviderReference: query["provider_reference"],
	}
	byProvider := in.Provider != "" || in.ProviderReference != ""
	switch {
	case in.Reference != "" && byProvider:
		return in, invalid(otp.Field{Field: "reference", Message: "excludes provider and provider_reference"})
	case byProvider:
		if fields := append(required("provider", in.Provider),
			required("provider_reference", in.ProviderReference)...); len(fields) > 0 {
			return in, invalid(fields...)
		}
	case in.Reference == "":
		return in, invalid(required("reference", "")...)
	}
	return in, nil
}
