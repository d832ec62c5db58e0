package httpsms

import (
	"bytes"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// recorded are the lengths of codes that can be put together from recordings.
func recorded() providers.Range[int] { return providers.Range[int]{Min: 4, Max: longestCode} }

// parts takes the fields of a multipart body apart. One that is {audio} is a file.
func (c *compiler) parts() []field {
	var all []field
	for _, name := range slices.Sorted(maps.Keys(c.Multipart)) {
		if name == "" || strings.ContainsAny(name, "\"\\\r\n") {
			c.refuse("is no name of a field", "multipart", name)
		}
		if c.Multipart[name].Reveal() == "{"+placeAudio+"}" {
			c.used[placeAudio] = true
			all = append(all, field{name, template{{name: placeAudio}}})
			continue
		}
		all = append(all, field{name, c.template(c.Multipart[name], asIs, c.places(), "multipart", name)})
	}
	return all
}

// audio sees to it that there are recordings where they are used, and only there.
func (c *compiler) audio(r *recipe) {
	r.spoken = c.spoken
	switch used := c.used[placeAudio]; {
	case used && c.spoken == nil:
		c.refuse("is missing: name the folder that holds a folder such as en with 0.wav to 9.wav", "recordings")
	case !used && c.spoken != nil:
		c.refuse("is used nowhere: write a field such as voice_file: \"{audio}\" into multipart", "recordings")
	case used:
		r.digits = recorded()
	}
}

// multipart writes a body of parts (RFC 7578). The file is made here and kept nowhere.
func (r recipe) multipart(values map[string]string, m transport.Message) upstream.Text {
	var b bytes.Buffer
	w := multipart.NewWriter(&b) // a buffer takes everything, so no error can come of it
	for _, f := range r.parts {
		if f.value.has(placeAudio) {
			t := r.spoken.in(m.Locale)
			part, _ := w.CreatePart(textproto.MIMEHeader{
				"Content-Disposition": {`form-data; name="` + f.name + `"; filename="code.` + t.ending + `"`},
				"Content-Type":        {t.mediaType()},
			})
			_, _ = part.Write(t.say(m.Code.Reveal()))
		} else if value := f.value.fill(values, asIs); value != "" {
			_ = w.WriteField(f.name, value)
		}
	}
	_ = w.Close()
	return upstream.Text{MediaType: w.FormDataContentType(), Body: b.String()}
}
