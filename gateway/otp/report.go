package otp

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Reporting is the step that takes in what a provider tells of its deliveries.
type Reporting struct {
	Provider string
	Reports  []providers.Report // each names a delivery and its end
	Keep     time.Duration      // how long a report is kept whose delivery is not known yet
	Now      time.Time
}

// MaxParked is how many reports a store keeps at most for deliveries that are not known yet; the oldest go first.
const MaxParked = 10_000

const (
	// parkFor is how long the delivery of a report may still come. An upstream can be faster with its report than with
	// its answer to the send, which is waited for well below a minute.
	parkFor = 5 * time.Minute
	// reportBatch bounds how long the reports of one call keep others from the store.
	reportBatch = 50
	// longestID and longestReason bound what is kept of somebody else's words, in bytes.
	longestID, longestReason = 256, 64
)

// reasonUndeliverable is why a delivery failed that its provider had taken.
const reasonUndeliverable = "undeliverable"

// Report takes in what a provider tells of its deliveries. The outcome of a verification does not hang on it: a code is
// as good as before, whatever became of its message. When a message will not arrive, the next step of the fallback is
// due at once.
func (s *Service) Report(ctx context.Context, provider string, reports []providers.Report) error {
	for batch := range slices.Chunk(slices.DeleteFunc(slices.Clone(reports), idle), reportBatch) {
		step := Reporting{Provider: provider, Reports: batch, Keep: parkFor, Now: s.now()}
		if err := s.store.Report(ctx, step); err != nil {
			return storeError(err)
		}
	}
	return nil
}

// idle tells that a report is none of a delivery, or no news: that a message is on its way was the answer to the send.
func idle(r providers.Report) bool {
	return r.UpstreamID == "" || len(r.UpstreamID) > longestID || endOf(r.State) == ""
}

// endOf is the status of a delivery that a report puts an end to; empty: it does not.
func endOf(s providers.DeliveryState) DeliveryStatus {
	switch s {
	case providers.DeliveryDelivered:
		return DeliveryDelivered
	case providers.DeliveryUndelivered:
		return DeliveryUndelivered
	default:
		return ""
	}
}

// Report notes what a provider tells of the delivery that it calls r.UpstreamID, and tells whether it was news. When
// the newest delivery will not arrive, the next step is due at now. When an older one will not, a newer one is waited
// for.
func (v *Verification) Report(provider string, r providers.Report, now time.Time) (news bool) {
	for i := range slices.Backward(v.Deliveries) {
		d := &v.Deliveries[i]
		if d.Provider != provider || d.Handle.UpstreamID != r.UpstreamID {
			continue
		}
		news = d.take(r, now)
		if news && !slices.ContainsFunc(v.Deliveries[i:], Delivery.hopeful) {
			v.hurry(now)
		}
		return news
	}
	return false
}

// take moves the delivery forward, or tells that r is no news. A message that arrived has arrived, whatever else is
// told of it: so the order of reports does not matter, nor that one comes twice.
func (d *Delivery) take(r providers.Report, now time.Time) bool {
	end := endOf(r.State)
	if end == "" || end == d.Status || d.Status == DeliveryDelivered || d.Status == DeliveryFailed {
		return false
	}
	d.Status, d.Reason, d.Class, d.Code, d.ReportedAt = end, "", "", "", now
	if !r.At.IsZero() && r.At.Before(now) {
		d.ReportedAt = r.At.UTC()
	}
	if end == DeliveryUndelivered {
		d.Reason, d.Code = reasonUndeliverable, strings.ToValidUTF8(r.Reason[:min(len(r.Reason), longestReason)], "")
	}
	return true
}

// hopeful tells that a message arrived, or may arrive still.
func (d Delivery) hopeful() bool {
	return d.Status != DeliveryFailed && d.Status != DeliveryUndelivered
}

// hurry makes the next step due at now. One that is due already may be under way, and keeps its time.
func (v *Verification) hurry(now time.Time) {
	if v.At(now).Status == StatusPending && len(v.Next.Steps) > 0 && now.Before(v.Next.At) {
		v.Next.At = now
	}
}
