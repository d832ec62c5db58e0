package redis

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
)

// charges are calls of one window, which counts the events of each.
func charges(t *testing.T, limit otp.Limit, now time.Time, events ...int) []*command {
	t.Helper()
	loaded, err := loadScripts()
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{scripts: loaded, keys: keys{"otpgate"}}
	all := make([]*command, len(events))
	for i, n := range events {
		claims := make([]otp.Claim, n)
		for k := range claims {
			claims[k] = otp.Claim{Name: "app", Key: "app shop", Limit: limit}
		}
		_, others := s.groups(claims, 0, now)
		all[i] = others[0].charge(t.Context(), s)
	}
	return all
}

func joined(all ...*command) []*joint {
	var joints []*joint
	for _, c := range all {
		joints = join(joints, c)
	}
	return joints
}

func TestChargesInOneWindowAreOneCall(t *testing.T) {
	t.Parallel()
	now, limit := time.Unix(1_800_000_000, 0), otp.Limit{Max: 5, Window: time.Minute}
	all := charges(t, limit, now, 1, 2, 1)
	all = append(all, charges(t, otp.Limit{Max: 6, Window: time.Minute}, now, 1)...)
	all = append(all, charges(t, limit, now.Add(30*time.Second), 1)...)
	joints := joined(all...)
	if len(joints) != 3 {
		t.Fatalf("%d calls: windows with another limit or at another time are others", len(joints))
	}
	call := joints[0].made(t.Context())
	if diff := cmp.Diff([]any{1, 2, 1}, call.Args()[chargeEvents:]); diff != "" {
		t.Errorf("the events of each caller (-want +got):\n%s", diff)
	}
	if one := joints[1].made(t.Context()); one != all[3] {
		t.Error("a call that is alone is not sent as it is")
	}
}

func TestAnswerOfAJointCallIsSharedInOrder(t *testing.T) {
	t.Parallel()
	now, limit := time.Unix(1_800_000_000, 0), otp.Limit{Max: 5, Window: time.Minute}
	slot := limit.Slot(now)
	for name, test := range map[string]struct {
		used, first int64
		want        []string
	}{
		"room for all": {1, 7, []string{"ok 1 7", "ok 2 7", "ok 4 7"}},
		"an empty window begins with the first": {
			0, 0, []string{"ok 0 0", fmt.Sprint("ok 1 ", slot), fmt.Sprint("ok 3 ", slot)},
		},
		"whoever finds it used up does not count": {4, 7, []string{"ok 4 7", "full 5 7", "full 5 7"}},
		"used up before": {5, 7, []string{"full 5 7", "full 5 7", "full 5 7"}},
	} {
		all := charges(t, limit, now, 1, 2, 1)
		j := joined(all...)[0]
		j.made(t.Context()).SetVal([]any{"ok", []any{test.used, test.first}})
		j.share()
		var told []string
		for _, c := range all {
			r := c.reply()
			told = append(told, fmt.Sprint(r.word, " ", number(r.list(0)[0]), " ", number(r.list(0)[1])))
		}
		if diff := cmp.Diff(test.want, told); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	all := charges(t, limit, now, 1, 1)
	j, cut := joined(all...)[0], errors.New("the connection was cut")
	j.made(t.Context()).SetErr(cut)
	j.share()
	for _, c := range all {
		if !errors.Is(c.Err(), cut) {
			t.Errorf("a caller is told %v", c.Err())
		}
	}
}

// A server that forgot its scripts tells so to whoever comes first. Others come on before that one is back.
func TestJointCallBringsItsScriptIfAnyCallerDoes(t *testing.T) {
	t.Parallel()
	all := charges(t, otp.Limit{Max: 5, Window: time.Minute}, time.Unix(1_800_000_000, 0), 1, 1, 1)
	all[1].whole(context.WithoutCancel(t.Context()))
	call := joined(all...)[0].made(t.Context())
	if !call.isWhole() || call.Args()[1] != call.script.source || all[0].isWhole() {
		t.Errorf("the call is %v", call.Args()[0])
	}
}
