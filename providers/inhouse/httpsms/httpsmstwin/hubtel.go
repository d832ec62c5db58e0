package httpsmstwin

import (
	"net/http"

	"github.com/otpgate/otpgate/providers/twin"
)

// Hubtel is the twin for preset hubtel-sms: POST /v1/messages/send.
func Hubtel(o Options) *twin.Twin {
	v := o.vendor("hubtel-sms")
	wrap := func(o object) any { return o }
	if o.Wrapped {
		wrap = func(o object) any { return object{"message": "success", "responseCode": "0000", "data": o} }
	}
	refused := map[twin.Trait]answer{
		twin.Invalid:     {http.StatusBadRequest, wrap(object{"status": 1})},
		twin.Barred:      {http.StatusForbidden, nil},
		twin.WrongSender: {http.StatusBadRequest, wrap(object{"status": 2})},
		twin.NoBalance:   {http.StatusPaymentRequired, nil},
		twin.TooMany:     {http.StatusTooManyRequests, nil},
		twin.Broken:      {http.StatusInternalServerError, nil},
	}
	v.Handle("send", "POST /v1/messages/send", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ From, To, Content string }
		switch {
		case !v.hasBasic(r):
			w.WriteHeader(http.StatusUnauthorized)
		case twin.Read(r, &in) != nil:
			twin.JSON(w, http.StatusBadRequest, wrap(object{"status": 8}))
		case in.From == "":
			refused[twin.WrongSender].write(w)
		default:
			v.carry(w, r, message{to: in.To, from: in.From, text: in.Content}, refused, answer{http.StatusCreated, wrap(object{
				"rate": 0.0309, "messageId": newID(), "status": 0, "networkId": "62001",
			})})
		}
	})
	return v.Twin
}
