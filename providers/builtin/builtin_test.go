package builtin_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/twin"
)

func TestKindsAreApart(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range builtin.Kinds() {
		if k.Name == "" || seen[k.Name] {
			t.Errorf("the name %q is empty or taken twice", k.Name)
		}
		seen[k.Name] = true
		if k.Options == nil || k.Options() == nil || k.Options() == k.Options() {
			t.Errorf("%s: every provider needs options of its own", k.Name)
		}
	}
}

func TestTwinsStandInForKinds(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{}
	for _, k := range builtin.Kinds() {
		kinds[k.Name] = true
	}
	var inbox twin.Inbox
	for _, one := range builtin.Twins() {
		if !kinds[one.Kind] || one.Credentials == "" {
			t.Errorf("%q is no kind, or tells no credentials", one.Kind)
		}
		delete(kinds, one.Kind) // one twin for each
		if made := one.New(&inbox); made.Name != one.Kind || made.Inbox != &inbox {
			t.Errorf("%s: the twin is called %q, or has an inbox of its own", one.Kind, made.Name)
		}
	}
}
