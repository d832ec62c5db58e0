package upstream

import (
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// CheckChoice checks the setting field, whose value must be one of two or more choices.
func CheckChoice(b providers.Block, field, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		last := len(choices) - 1
		b.Refuse("is not known: write "+strings.Join(choices[:last], ", ")+" or "+choices[last], field)
	}
}
