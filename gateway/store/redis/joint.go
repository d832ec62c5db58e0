package redis

import (
	"context"
	"slices"

	"github.com/otpgate/otpgate/gateway/otp"
)

// joint are the charges of many callers in one window that many people share: in one round trip they are one call. Under
// load such a window, the limit of an app as a rule, is what all gateways ask for most.
type joint struct {
	window  window
	members []*command
	call    *command // that is sent; a member when there is but one
}

// window is one as a call of charge looks at it. Calls that look at it alike can be one.
type window struct {
	key          string
	limit        otp.Limit
	slot, oldest int64 // of now, and the oldest that counts
}

// charging is what a call of charge counts.
type charging struct {
	window window
	events int
}

// join puts a charge to those that it can be one call with.
func join(all []*joint, c *command) []*joint {
	for _, j := range all {
		if j.window == c.charge.window {
			j.members = append(j.members, c)
			return all
		}
	}
	return append(all, &joint{window: c.charge.window, members: []*command{c}})
}

// chargeEvents is where the events of the first caller stand among the words of a call of charge, which they end.
const chargeEvents = 8

// made is the call for all members. It brings the script with it if one of them does: that one knows that the server has
// forgotten it.
func (j *joint) made(ctx context.Context) *command {
	like := j.members[0]
	if j.call = like; len(j.members) == 1 {
		return like
	}
	if at := slices.IndexFunc(j.members, (*command).isWhole); at >= 0 {
		like = j.members[at]
	}
	words := slices.Clone(like.Args()[:chargeEvents])
	for _, c := range j.members {
		words = append(words, c.charge.events)
	}
	j.call = newCall(ctx, like.name, like.script, words)
	return j.call
}

// share tells each member what its part of the answer is: those who come first count first.
func (j *joint) share() {
	if len(j.members) == 1 {
		return
	}
	told := j.call.reply()
	levels := told.list(0)
	used, first := int64(0), int64(0)
	if len(levels) == 2 {
		used, first = number(levels[0]), number(levels[1])
	}
	for _, c := range j.members {
		if err := j.call.Err(); err != nil {
			c.SetErr(err)
			continue
		}
		word := "full"
		if used < int64(j.window.limit.Max) {
			word = "ok"
		}
		c.SetVal([]any{word, []any{used, first}})
		if word == "full" {
			continue
		}
		if used += int64(c.charge.events); first == 0 {
			first = j.window.slot
		}
	}
}
