package httpsmstwin

import (
	"net/http"

	"github.com/otpgate/otpgate/providers/twin"
)

// Arkesel is the twin for preset arkesel: POST /api/v2/sms/send.
func Arkesel(o Options) *twin.Twin {
	v := o.vendor("arkesel")
	failed := object{"status": "error", "message": "Refused"}
	v.Handle("send", "POST /api/v2/sms/send", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Sender     string   `json:"sender"`
			Recipients []string `json:"recipients"`
			Message    string   `json:"message"`
			CallbackTo string   `json:"callback_url"` // where the twin does not call
		}
		switch {
		case !v.hasKey(r.Header.Get("Api-Key")):
			twin.JSON(w, http.StatusForbidden, failed)
		case twin.Read(r, &in) != nil || len(in.Recipients) != 1 || in.Sender == "":
			twin.JSON(w, http.StatusUnprocessableEntity, failed)
		default:
			to := in.Recipients[0]
			invalid := answer{http.StatusOK, object{
				"status": "success", "data": []object{{"invalid numbers": []string{to}}},
			}}
			v.carry(w, r, message{to: to, from: in.Sender, text: in.Message}, map[twin.Trait]answer{
				twin.Invalid:     invalid,
				twin.Barred:      invalid,
				twin.WrongSender: {http.StatusUnprocessableEntity, failed},
				twin.NoBalance:   {http.StatusPaymentRequired, failed},
				twin.TooMany:     {http.StatusTooManyRequests, failed},
				twin.Broken:      {http.StatusInternalServerError, failed},
			}, answer{http.StatusOK, object{
				"status": "success", "data": []object{{"recipient": to, "id": newID()}},
			}})
		}
	})
	return v.Twin
}
