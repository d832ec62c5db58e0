package httpsmstwin

import (
	"net/http"

	"github.com/otpgate/otpgate/providers/twin"
)

// MNotify is the twin for preset mnotify: POST /sms/quick.
func MNotify(o Options) *twin.Twin {
	v := o.vendor("mnotify")
	refused := map[twin.Trait]answer{
		twin.Invalid:     {http.StatusOK, mnotifySummary(0)},
		twin.Barred:      {http.StatusOK, mnotifySummary(0)},
		twin.WrongSender: {http.StatusOK, mnotifyError("4001")},
		twin.NoBalance:   {http.StatusOK, mnotifyError("4002")},
		twin.TooMany:     {http.StatusTooManyRequests, mnotifyError("4029")},
		twin.Broken:      {http.StatusInternalServerError, mnotifyError("5000")},
	}
	v.Handle("send", "POST /sms/quick", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Recipient    []string `json:"recipient"`
			Sender       string   `json:"sender"`
			Message      string   `json:"message"`
			IsSchedule   bool     `json:"is_schedule"`
			ScheduleDate string   `json:"schedule_date"`
			SMSType      string   `json:"sms_type"`
		}
		switch {
		case !v.hasKey(r.URL.Query().Get("key")):
			twin.JSON(w, http.StatusUnauthorized, mnotifyError("4000"))
		case twin.Read(r, &in) != nil || len(in.Recipient) != 1 || in.Sender == "" || in.IsSchedule || in.SMSType != "otp":
			twin.JSON(w, http.StatusBadRequest, mnotifyError("4003"))
		default:
			m := message{to: in.Recipient[0], from: in.Sender, text: in.Message}
			v.carry(w, r, m, refused, answer{http.StatusOK, mnotifySummary(1)})
		}
	})
	return v.Twin
}

// mnotifySummary is the answer to one recipient, of whom sent were sent to.
func mnotifySummary(sent int) object {
	return object{
		"status": "success", "code": "2000", "message": "messages sent successfully", "summary": object{
			"_id": newID(), "message_id": "20201021HsmX6oIWPr", "type": "API QUICK SMS", "total_sent": sent, "contacts": 1,
			"total_rejected": 1 - sent, "numbers_sent": []string{}, "credit_used": sent, "credit_left": 1483,
		},
	}
}

func mnotifyError(code string) object {
	return object{"status": "error", "code": code, "message": "Refused"}
}
