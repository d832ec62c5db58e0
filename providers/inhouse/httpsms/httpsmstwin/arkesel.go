package httpsmstwin

import (
	"io"
	"net/http"

	"github.com/otpgate/otpgate/providers"
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
			v.carry(w, r, message{to: to, from: in.Sender, text: in.Message}, arkeselRefusals(to, failed), arkeselTaken(to))
		}
	})
	return v.Twin
}

// ArkeselVoice is the twin for preset arkesel-voice: POST /api/v2/sms/voice/send. What is heard stands in the inbox as
// a text, if the file was put together of what [Record] writes.
func ArkeselVoice(o Options) *twin.Twin {
	v := o.vendor("arkesel-voice")
	failed := object{"status": "error", "message": "Refused"}
	v.Handle("send", "POST /api/v2/sms/voice/send", func(w http.ResponseWriter, r *http.Request) {
		to, file, ok := playable(r)
		switch {
		case !v.hasKey(r.Header.Get("Api-Key")):
			twin.JSON(w, http.StatusForbidden, failed)
		case !ok:
			twin.JSON(w, http.StatusUnprocessableEntity, failed)
		default:
			m := message{
				to: to, from: r.FormValue("voice_id"), text: "Your code is " + Listen(file) + ".", channel: providers.Voice,
			}
			v.carry(w, r, m, arkeselRefusals(to, failed), arkeselTaken(to))
		}
	})
	return v.Twin
}

// arkeselRefusals are the answers to messages that are not carried.
func arkeselRefusals(to string, failed object) map[twin.Trait]answer {
	return map[twin.Trait]answer{
		twin.Invalid:     invalidNumber(to),
		twin.Barred:      invalidNumber(to),
		twin.WrongSender: {http.StatusUnprocessableEntity, failed},
		twin.NoBalance:   {http.StatusPaymentRequired, failed},
		twin.TooMany:     {http.StatusTooManyRequests, failed},
		twin.Broken:      {http.StatusInternalServerError, failed},
	}
}

func arkeselTaken(to string) answer {
	return answer{http.StatusOK, object{"status": "success", "data": []object{{"recipient": to, "id": newID()}}}}
}

// playable reads a request for a call: its only recipient, and the file that is played.
func playable(r *http.Request) (to string, file []byte, ok bool) {
	const most = 1 << 20
	if r.ParseMultipartForm(most) != nil || r.FormValue("retry") != "false" {
		return "", nil, false
	}
	recipients := r.MultipartForm.Value["recipients[]"]
	part, head, err := r.FormFile("voice_file")
	if err != nil || head.Filename == "" || len(recipients) != 1 {
		return "", nil, false
	}
	file, err = io.ReadAll(part)
	return recipients[0], file, err == nil && part.Close() == nil
}

func invalidNumber(to string) answer {
	return answer{http.StatusOK, object{"status": "success", "data": []object{{"invalid numbers": []string{to}}}}}
}
