package httpsmstwin

import (
	"net/http"
	"slices"

	"github.com/otpgate/otpgate/providers/twin"
)

// Zend is the twin for preset zend-messages: POST /messages.
func Zend(o Options) *twin.Twin {
	v := o.vendor("zend-messages")
	refused := map[twin.Trait]answer{
		twin.Invalid:     zendRefusal(http.StatusUnprocessableEntity, "validation_error"),
		twin.Barred:      {http.StatusCreated, object{"id": newID(), "status": "failed"}},
		twin.WrongSender: zendRefusal(http.StatusUnprocessableEntity, "validation_error"),
		twin.NoBalance:   zendRefusal(http.StatusPaymentRequired, "insufficient_balance"),
		twin.TooMany:     zendRefusal(http.StatusTooManyRequests, "too_many_requests"),
		twin.Broken:      zendRefusal(http.StatusInternalServerError, "internal_error"),
	}
	v.Handle("send", "POST /messages", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			To                string   `json:"to"`
			Body              string   `json:"body"`
			PreferredChannels []string `json:"preferred_channels"`
			SenderID          *string  `json:"sender_id"`
			WebhookURL        string   `json:"webhook_url"` // where the twin does not call
		}
		switch {
		case !v.hasKey(r.Header.Get("X-Api-Key")):
			zendRefusal(http.StatusUnauthorized, "unauthorized").write(w)
		case twin.Read(r, &in) != nil || !slices.Equal(in.PreferredChannels, []string{"sms"}),
			in.SenderID != nil && *in.SenderID == "":
			zendRefusal(http.StatusUnprocessableEntity, "validation_error").write(w)
		default:
			m := message{to: in.To, text: in.Body}
			if in.SenderID != nil {
				m.from = *in.SenderID
			}
			v.carry(w, r, m, refused, answer{http.StatusCreated, object{
				"id": "msg_" + newID(), "status": "pending", "estimated_cost": 0.02,
				"message": "Message queued for processing",
			}})
		}
	})
	return v.Twin
}

func zendRefusal(status int, what string) answer {
	return answer{status, object{"statusCode": status, "message": []string{"refused"}, "error": what}}
}
