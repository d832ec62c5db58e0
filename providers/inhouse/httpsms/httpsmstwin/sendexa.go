package httpsmstwin

import (
	"net/http"

	"github.com/otpgate/otpgate/providers/twin"
)

// Sendexa is the twin for preset sendexa-sms: POST /v1/sms/send.
func Sendexa(o Options) *twin.Twin {
	v := o.vendor("sendexa-sms")
	refused := map[twin.Trait]answer{
		twin.Invalid:     {http.StatusBadRequest, object{"success": false, "message": "Invalid phone number format"}},
		twin.Barred:      {http.StatusOK, object{"success": true, "data": object{"messageId": newID(), "status": "failed"}}},
		twin.WrongSender: {http.StatusForbidden, sendexaError("SENDER_ID_NOT_REGISTERED")},
		twin.NoBalance:   {http.StatusPaymentRequired, sendexaError("INSUFFICIENT_BALANCE")},
		twin.TooMany:     {http.StatusTooManyRequests, sendexaError("RATE_LIMIT_EXCEEDED")},
		twin.Broken:      {http.StatusBadGateway, sendexaError("PROVIDER_ERROR")},
	}
	v.Handle("send", "POST /v1/sms/send", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			To      string `json:"to"`
			From    string `json:"from"`
			Message string `json:"message"`
		}
		switch {
		case !v.hasBasic(r):
			twin.JSON(w, http.StatusUnauthorized, sendexaError("INVALID_TOKEN"))
		case twin.Read(r, &in) != nil || in.From == "":
			twin.JSON(w, http.StatusBadRequest, sendexaError("INVALID_PARAMETERS"))
		default:
			v.carry(w, r, message{to: in.To, from: in.From, text: in.Message}, refused, answer{http.StatusOK, object{
				"success": true, "message": "SMS sent successfully", "data": object{
					"messageId": "exa_sms_" + newID()[:12], "status": "queued", "to": in.To, "from": in.From,
					"segments": 1, "cost": 1,
				},
			}})
		}
	})
	return v.Twin
}

func sendexaError(code string) object {
	return object{"status": "error", "code": code, "message": "Refused", "request_id": newID()}
}
