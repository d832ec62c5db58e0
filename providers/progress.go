package providers

import (
	"context"
	"sync/atomic"
)

// Progress tells the one who makes a call how far it came. When time is up, a call whose request was not yet written
// can be cancelled; one that was may have taken effect, and its answer is worth waiting for beside the next try.
type Progress struct{ written atomic.Bool }

type progressKey struct{}

// WithProgress returns a context whose calls report to the returned Progress.
func WithProgress(ctx context.Context) (context.Context, *Progress) {
	p := new(Progress)
	return context.WithValue(ctx, progressKey{}, p), p
}

// MarkWritten reports that the request left this machine whole. Adapters that use upstream.Client need not call it.
func MarkWritten(ctx context.Context) {
	if p, ok := ctx.Value(progressKey{}).(*Progress); ok {
		p.written.Store(true)
	}
}

// Written tells whether the request may have reached the upstream.
func (p *Progress) Written() bool { return p.written.Load() }
