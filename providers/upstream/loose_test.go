package upstream_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func TestWord(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]upstream.Word{
		`"2001"`: "2001", `2001`: "2001", `-7`: "-7", `7e3`: "7e3", `"\u0041 b"`: "A b", `""`: "", `null`: "",
	} {
		got := struct{ W upstream.Word }{"before"}
		if err := upstream.Decode([]byte(`{"W":`+given+`}`), &got); err != nil || got.W != want {
			t.Errorf("%s: got %q, %v", given, got.W, err)
		}
	}
}

func TestWhatIsNeitherTextNorNumberIsMalformed(t *testing.T) {
	t.Parallel()
	for _, given := range []string{`true`, `false`, `{"code":"2001"}`, `["2001"]`, `{}`, `[]`, `"\ud800"`, `01`, `"a`} {
		var word struct{ V upstream.Word }
		if err := upstream.Decode([]byte(`{"V":`+given+`}`), &word); err == nil {
			t.Errorf("%s: got %q", given, word.V)
		}
		var count struct{ V upstream.Count }
		if err := upstream.Decode([]byte(`{"V":`+given+`}`), &count); err == nil {
			t.Errorf("%s: got %v", given, count.V)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	const untold = -99
	for given, want := range map[string]int{
		`2`: 2, `"2"`: 2, `2.0`: 2, `0`: 0, `"0"`: 0, `-1`: -1, `2147483647`: 2147483647,
		`2147483648`: untold, `1e30`: untold, `1.5`: untold, `" 2"`: untold, `"two"`: untold, `""`: untold, `null`: untold,
	} {
		var got struct{ C upstream.Count }
		if err := upstream.Decode([]byte(`{"C":`+given+`}`), &got); err != nil {
			t.Errorf("%s: %v", given, err)
		}
		n := got.C.Told()
		if (n == nil) != (want == untold) || n != nil && *n != want {
			t.Errorf("%s: got %v", given, n)
		}
	}
}

func TestCountOutOfRangeWasNotTold(t *testing.T) {
	t.Parallel()
	within := providers.Range[int]{Min: 4, Max: 10}
	for given, want := range map[string]int{`4`: 4, `"10"`: 10, `3`: 6, `11`: 6, `-4`: 6, `null`: 6, `"x"`: 6} {
		var got struct{ C upstream.Count }
		if err := upstream.Decode([]byte(`{"C":`+given+`}`), &got); err != nil || got.C.In(within, 6) != want {
			t.Errorf("%s: got %d, %v", given, got.C.In(within, 6), err)
		}
	}
}
