package history

import "github.com/otpgate/otpgate/gateway/otp"

// apps is the set of all apps that have a history.
func (h *History) apps() string { return h.Prefix + ":{history}:apps" }

// of is what the keys of an app begin with. The braces make Redis Cluster keep all of them in one slot.
func (h *History) of(app string) string { return h.Prefix + ":{h " + app + "}:" }

// list holds the references of an app, in their order, which is that of their creation.
func (h *History) list(app string) string { return h.of(app) + "list" }

// stream holds where the events of an app are, in the order in which they were taken in.
func (h *History) stream(app string) string { return h.of(app) + "stream" }

// told holds what is told of one verification.
func (h *History) told(app string, ref otp.Reference) string {
	return h.Prefix + ":{h " + app + "}:told:" + string(ref) // in one go, as each verification has one
}

// hours are those that have sums, in Unix seconds.
func (h *History) hours(app string) string { return h.of(app) + "hours" }

// hour holds the sums of an hour.
func (h *History) hour(app, hour string) string { return h.of(app) + "hour:" + hour }
