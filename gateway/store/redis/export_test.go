package redis

import (
	"context"
	"time"
)

// Prefix is what the keys of the store begin with.
func (s *Store) Prefix() string { return s.options.Prefix }

// Sweep ends what ran out at now.
func (s *Store) Sweep(ctx context.Context, now time.Time) error { return s.sweeper.sweep(ctx, now) }
