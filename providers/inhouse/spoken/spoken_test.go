package spoken_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers/inhouse/spoken"
)

func TestCodesAreSaidSlowlyAndTwice(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"":      "0, 7, 4. I repeat: 0, 7, 4.",
		"en-GH": "0, 7, 4. I repeat: 0, 7, 4.",
		"fr_CI": "0, 7, 4. Je répète : 0, 7, 4.",
		"PT":    "0, 7, 4. Repito: 0, 7, 4.",
		"sw-KE": "0, 7, 4. Narudia: 0, 7, 4.",
		"ak":    "0, 7, 4. I repeat: 0, 7, 4.",
	} {
		if got := spoken.Twice("074", locale); got != want {
			t.Errorf("%q: %s", locale, got)
		}
	}
}
