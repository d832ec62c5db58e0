package httpsmstwin

import (
	"io"
	"net/http"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// AfricasTalking is the twin for preset africastalking: POST /version1/messaging.
func AfricasTalking(o Options) *twin.Twin {
	v := o.vendor("africastalking")
	v.Handle("send", "POST /version1/messaging", func(w http.ResponseWriter, r *http.Request) {
		malformed := r.ParseForm() != nil
		form := r.PostForm
		user := v.user.Equal(providers.NewSecret(form.Get("username")))
		switch {
		case malformed || form.Get("bulkSMSMode") != "1":
			w.WriteHeader(http.StatusBadRequest)
		case !user || !v.hasKey(r.Header.Get("apiKey")):
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "The supplied authentication is invalid")
		default:
			m := message{to: form.Get("to"), from: form.Get("from"), text: form.Get("message")}
			v.carry(w, r, m, africasTalkingRefusals(m.to), recipient(m.to, 101, "Success", "ATXid_"+newID()))
		}
	})
	return v.Twin
}

func africasTalkingRefusals(to string) map[twin.Trait]answer {
	return map[twin.Trait]answer{
		twin.Invalid: recipient(to, 403, "InvalidPhoneNumber", "None"),
		twin.Barred:  recipient(to, 406, "UserInBlacklist", "None"),
		twin.WrongSender: {http.StatusCreated, object{
			"SMSMessageData": object{"Message": "InvalidSenderId", "Recipients": []object{}},
		}},
		twin.NoBalance: recipient(to, 405, "InsufficientBalance", "None"),
		twin.TooMany:   {http.StatusTooManyRequests, nil},
		twin.Broken:    recipient(to, 500, "InternalServerError", "None"),
	}
}

// recipient is the answer for one number.
func recipient(to string, code int, status, id string) answer {
	sent := "Sent to 0/1 Total Cost: 0"
	if code < http.StatusBadRequest {
		sent = "Sent to 1/1 Total Cost: KES 0.8000"
	}
	return answer{http.StatusCreated, object{"SMSMessageData": object{"Message": sent, "Recipients": []object{{
		"statusCode": code, "number": to, "status": status, "cost": "KES 0.8000", "messageId": id,
	}}}}}
}
