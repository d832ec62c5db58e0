package httpsmstwin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// Termii is the twin for preset termii: POST /api/sms/send.
func Termii(o Options) *twin.Twin {
	v := o.vendor("termii")
	refused := termiiRefusals()
	v.Handle("send", "POST /api/sms/send", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			APIKey  string `json:"api_key"`
			To      string `json:"to"`
			From    string `json:"from"`
			SMS     string `json:"sms"`
			Type    string `json:"type"`
			Channel string `json:"channel"`
		}
		malformed := twin.Read(r, &in) != nil
		switch {
		case malformed || in.Type != "plain" || !slices.Contains([]string{"dnd", "generic"}, in.Channel):
			twin.JSON(w, http.StatusBadRequest, object{"message": "Bad request"})
		case !v.hasKey(in.APIKey):
			twin.JSON(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
		case in.From == "":
			refused[twin.WrongSender].write(w)
		default:
			v.carry(w, r, message{to: in.To, from: in.From, text: in.SMS}, refused, answer{http.StatusOK, object{
				"code": "ok", "message_id": newID(), "message": "Successfully Sent", "balance": 9, "user": "Twin",
			}})
		}
	})
	return v.Twin
}

// TermiiVoice is the twin for preset termii-voice: POST /api/sms/otp/call. What is heard stands in the inbox as a text.
func TermiiVoice(o Options) *twin.Twin {
	v := o.vendor("termii-voice")
	v.Handle("send", "POST /api/sms/otp/call", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			APIKey string `json:"api_key"`
			To     string `json:"phone_number"`
			Code   string `json:"code"`
		}
		const shortest, longest = 4, 8
		malformed := twin.Read(r, &in) != nil || strings.Trim(in.Code, "0123456789") != ""
		switch {
		case malformed || len(in.Code) < shortest || len(in.Code) > longest:
			twin.JSON(w, http.StatusBadRequest, object{"message": "Bad request"})
		case !v.hasKey(in.APIKey):
			twin.JSON(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
		default:
			m := message{to: in.To, text: "Your code is " + in.Code + ".", channel: providers.Voice}
			v.carry(w, r, m, termiiRefusals(), answer{http.StatusOK, object{
				"code": "ok", "message_id": newID(), "pinId": newID(), "message": "Successfully Sent", "balance": 9,
				"user": "Twin",
			}})
		}
	})
	return v.Twin
}

func termiiRefusals() map[twin.Trait]answer {
	return map[twin.Trait]answer{
		twin.Invalid:     {http.StatusBadRequest, object{"message": "Phone number is invalid"}},
		twin.Barred:      {http.StatusBadRequest, object{"message": "DND Active on Phone Number"}},
		twin.WrongSender: {http.StatusNotFound, object{"message": "Invalid Sender Id"}},
		twin.NoBalance:   {http.StatusPaymentRequired, object{"message": "Insufficient balance"}},
		twin.TooMany:     {http.StatusTooManyRequests, object{"message": "Too many requests"}},
		twin.Broken:      {http.StatusInternalServerError, object{"message": "Something went wrong"}},
	}
}
