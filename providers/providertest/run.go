package providertest

import "testing"

// Run puts a provider through the suite.
func Run(t *testing.T, f Fixture) {
	t.Helper()
	rules := f.rules()
	known := map[string]bool{}
	for _, r := range rules {
		known[r.name] = true
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if why, ok := f.Skip[r.name]; ok {
				t.Skip(why)
			}
			r.holds(t, f)
		})
	}
	for skipped, why := range f.Skip {
		if !known[skipped] || why == "" {
			t.Errorf("Skip names %q, which is no subtest, or gives no reason", skipped)
		}
	}
}

// rule is what every provider keeps to. Its name says it.
type rule struct {
	name  string
	holds func(t *testing.T, f Fixture)
}

func (f Fixture) rules() []rule {
	rules := []rule{
		{"info does no I/O and stays the same", infoStays},
		{"info is whole", infoIsWhole},
		{"the right code is approved", rightCode},
		{"a wrong code is a verdict", wrongCode},
		{"the right code is approved once", onlyOnce},
		{"an expired code is not approved", expired},
		{"a code of somebody else is not approved", foreignCode},
		{"an unknown session is not approved", unknownSession},
		{"a state that is not ours is an error", foreignState},
		{"a handle survives storage", storedHandle},
		{"a handle does not hold the code", handleHoldsNoCode},
		{"a code has the granted shape", grantedShape},
		{"a resend takes the place of its handle", resendReplaces},
		{"what is covered is granted", coveredIsGranted},
		{"what is not covered is refused unasked", uncoveredIsRefused},
		{"a caller's text is carried where it is taken", textIsCarried},
		{"requests are exact", exactRequests},
		{"magic numbers have their class", magicNumbers},
		{"calls do not disturb each other", concurrent},
		{"a delivery that comes twice is one code", duplicate},
		{"the provider's own timeout bounds a call", ownTimeout},
		{"a canceled context sends nothing", canceledBefore},
	}
	for _, op := range []string{"send", "verify", "resend"} {
		add := func(name string, holds func(t *testing.T, f Fixture)) { rules = append(rules, rule{name, holds}) }
		add("a caller may cancel a "+op, func(t *testing.T, f Fixture) { canceled(t, f, op) })
		add("an upstream that is down fails a "+op, func(t *testing.T, f Fixture) { down(t, f, op) })
		for _, m := range mischiefs() {
			add("fault "+m.name+" on "+op, func(t *testing.T, f Fixture) { fails(t, f, m, op) })
		}
	}
	return rules
}
