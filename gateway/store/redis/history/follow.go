package history

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	followEvery = 200 * time.Millisecond
	// batch is how many records are looked at at once, and bite how many of them one transaction takes in: it keeps Redis
	// busy for half a millisecond or so.
	batch, bite = 512, 64
)

// Run follows until ctx ends.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for more := true; more && ctx.Err() == nil; {
			n, err := h.Follow(ctx)
			if err != nil && ctx.Err() == nil {
				h.Log.Warn("the history cannot be followed; what is missing is taken in later", "error", err)
			}
			more = err == nil && n == batch
		}
	}
}

// Follow takes in what changed, and tells how many records it looked at. One call waits for another: what is remembered
// of a verification must be older than what is read of it.
func (h *History) Follow(ctx context.Context) (int, error) {
	h.following.Lock()
	defer h.following.Unlock()
	changed, err := h.Source.Changed(ctx, batch)
	if err != nil || len(changed) == 0 {
		return 0, err
	}
	byApp := map[string][]*Change{}
	for _, c := range changed {
		byApp[c.App] = append(byApp[c.App], c)
	}
	apps := slices.Sorted(maps.Keys(byApp))
	if err := h.Client.SAdd(ctx, h.apps(), apps).Err(); err != nil {
		return 0, err
	}
	done, err := h.takeInAll(ctx, apps, byApp)
	if forgetting := h.Source.Followed(ctx, done); err == nil {
		err = forgetting
	}
	if err != nil {
		return 0, err
	}
	return len(changed), nil
}

// takeInAll returns what was taken in, also when there is an error.
func (h *History) takeInAll(ctx context.Context, apps []string, byApp map[string][]*Change) ([]*Change, error) {
	var all []*Change
	for _, app := range apps {
		for part := range slices.Chunk(byApp[app], bite) {
			done, err := h.takeIn(ctx, app, part)
			if err != nil {
				return all, err
			}
			all = append(all, done...)
		}
	}
	return all, nil
}
