package history

import (
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// apps is the set of all apps that have a history.
func (h *History) apps() string { return h.Prefix + ":{history}:apps" }

// of is what the keys of an app begin with. The braces make Redis Cluster keep all of them in one slot.
func (h *History) of(app string) string { return h.Prefix + ":{h " + app + "}:" }

// list holds the references of an app, in their order, which is that of their creation.
func (h *History) list(app string) string { return h.of(app) + "list" }

// person is the part of list that one person has.
func (h *History) person(app, address string) string {
	return h.Prefix + ":{h " + app + "}:to:" + address // in one go, as all keys of which each verification has one
}

// stream holds where the events of an app are, in the order in which they were taken in.
func (h *History) stream(app string) string { return h.of(app) + "stream" }

// events holds the events of one verification.
func (h *History) events(app string, ref otp.Reference) string {
	return h.Prefix + ":{h " + app + "}:events:" + string(ref)
}

// seen holds the state in which a verification was last taken in.
func (h *History) seen(app string, ref otp.Reference) string {
	return h.Prefix + ":{h " + app + "}:seen:" + string(ref)
}

// hours are those that have sums, in Unix seconds.
func (h *History) hours(app string) string { return h.of(app) + "hours" }

// hour holds the sums of an hour.
func (h *History) hour(app, hour string) string { return h.of(app) + "hour:" + hour }

// first is the beginning of all references that were made at t or later.
func first(t time.Time) string {
	var id ulid.ULID
	if t.UnixMilli() > 0 {
		_ = id.SetTime(min(uint64(t.UnixMilli()), ulid.MaxTime())) // cannot be too large
	}
	return strings.ToLower(id.String()[:10])
}
