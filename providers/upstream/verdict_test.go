package upstream_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

func TestVerdictOnTheRightCodeIsFinal(t *testing.T) {
	t.Parallel()
	if got, want := upstream.Right(), (providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestVerdictOnAWrongCodeIsFinalWhereNoGuessIsLeft(t *testing.T) {
	t.Parallel()
	if got, want := upstream.Wrong(nil), (providers.Verdict{AttemptsLeft: -1}); got != want {
		t.Errorf("untold: got %+v", got)
	}
	for left, want := range map[int]providers.Verdict{
		3: {AttemptsLeft: 3}, 1: {AttemptsLeft: 1}, 0: {Final: true}, -1: {Final: true},
	} {
		if got := upstream.Wrong(&left); got != want {
			t.Errorf("%d: got %+v", left, got)
		}
	}
}
