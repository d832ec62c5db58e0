package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

type configurationView struct {
	Text        string      `json:"text"`
	Fingerprint string      `json:"fingerprint"` // of Text: gateways with the same one differ in secrets at most
	LoadedAt    time.Time   `json:"loaded_at"`
	Reload      *reloadView `json:"reload"`
}

type reloadView struct {
	At       time.Time `json:"at"`
	Mistakes []string  `json:"mistakes"`
	Warnings []string  `json:"warnings"`
}

func (c *Console) configuration(*http.Request) (any, error) {
	in, err := c.Gateway.Configuration()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(in.Text)
	view := configurationView{
		Text: unmask(string(in.Text)), Fingerprint: hex.EncodeToString(sum[:6]), LoadedAt: in.LoadedAt,
	}
	if last := in.Reload; last != nil {
		view.Reload = &reloadView{At: last.At, Mistakes: allVisible(last.Mistakes), Warnings: allVisible(last.Warnings)}
	}
	return view, nil
}

func allVisible(texts []string) []string {
	shown := make([]string, len(texts))
	for i, text := range texts {
		shown[i] = visible(text)
	}
	return shown
}
