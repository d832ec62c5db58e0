package twin

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]Fault{
		"no kind":        {},
		"unknown kind":   {Kind: "meteor"},
		"probability":    {Kind: Hang, Probability: 1.1},
		"less than none": {Kind: Hang, Probability: -0.1},
		"times":          {Kind: Hang, Times: -1},
		"status":         {Kind: Status, Status: 99},
		"effect":         {Kind: Refused, After: true},
	} {
		var f Faults
		if err := f.Set(bad); err == nil || len(f.List()) != 0 {
			t.Errorf("%s was taken", name)
		}
	}
	for _, kind := range FaultKinds() {
		if err := new(Faults).Set(Fault{Kind: kind}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestFaultOfAnEndpointGoesFirst(t *testing.T) {
	t.Parallel()
	var f Faults
	for _, one := range []Fault{
		{Kind: Hang}, {Endpoint: "send", Kind: HTML}, {Endpoint: "send", Kind: Empty}, {Endpoint: "verify", Kind: Cut},
	} {
		if err := f.Set(one); err != nil {
			t.Fatal(err)
		}
	}
	got := []FaultKind{}
	for _, endpoint := range []string{"send", "verify", "resend"} {
		one, _ := f.strike(endpoint)
		got = append(got, one.Kind)
	}
	if diff := cmp.Diff([]FaultKind{Empty, Cut, Hang}, got); diff != "" {
		t.Error(diff)
	}
	f.Clear("send")
	if one, _ := f.strike("send"); one.Kind != Hang {
		t.Errorf("got %+v", one)
	}
	f.Clear("")
	if one, ok := f.strike("verify"); ok {
		t.Errorf("got %+v", one)
	}
}

func TestFaultEndsAfterItsTimes(t *testing.T) {
	t.Parallel()
	var f Faults
	if err := f.Set(Fault{Endpoint: "send", Kind: HTML, Times: 2, Hits: 9}); err != nil {
		t.Fatal(err)
	}
	strikes := 0
	for range 5 {
		if _, ok := f.strike("send"); ok {
			strikes++
		}
		f.strike("verify")
	}
	if strikes != 2 || len(f.List()) != 0 {
		t.Errorf("it struck %d times; %v is on", strikes, f.List())
	}
}

func TestSameSeedStrikesTheSame(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (pattern string) {
		var f Faults
		if err := f.Set(Fault{Kind: HTML, Probability: 0.5, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		for range 64 {
			if _, ok := f.strike("send"); ok {
				pattern += "x"
			} else {
				pattern += "."
			}
		}
		return pattern
	}
	first := run(7)
	if again := run(7); again != first {
		t.Error("the same seed struck at other requests")
	}
	if first == run(8) {
		t.Error("another seed struck at the same requests")
	}
}
