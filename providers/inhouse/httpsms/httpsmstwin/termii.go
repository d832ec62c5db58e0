package httpsmstwin

import (
	"net/http"
	"slices"

	"github.com/otpgate/otpgate/providers/twin"
)

// Termii is the twin for preset termii: POST /api/sms/send.
func Termii(o Options) *twin.Twin {
	v := o.vendor("termii")
	refused := map[twin.Trait]answer{
		twin.Invalid:     {http.StatusBadRequest, object{"message": "Phone number is invalid"}},
		twin.Barred:      {http.StatusBadRequest, object{"message": "DND Active on Phone Number"}},
		twin.WrongSender: {http.StatusNotFound, object{"message": "Invalid Sender Id"}},
		twin.NoBalance:   {http.StatusPaymentRequired, object{"message": "Insufficient balance"}},
		twin.TooMany:     {http.StatusTooManyRequests, object{"message": "Too many requests"}},
		twin.Broken:      {http.StatusInternalServerError, object{"message": "Something went wrong"}},
	}
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
			v.carry(w, r, message{in.To, in.From, in.SMS}, refused, answer{http.StatusOK, object{
				"code": "ok", "message_id": newID(), "message": "Successfully Sent", "balance": 9, "user": "Twin",
			}})
		}
	})
	return v.Twin
}
