// Package redis keeps verifications in a Redis that many gateways share. Each verb writes by one script, which Redis runs
// as one step; a verification, its person's limits and its timer stand in one slot of a Cluster, so that one script
// reaches them (docs/adr/0012). What a verb makes of a verification is decided by the rules of gateway/otp, here; the
// script writes it if nobody has changed the verification meanwhile (docs/adr/0017).
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Options say which Redis is used, and how. Zero fields mean what stands in brackets.
type Options struct {
	Mode      Mode             // [Single]
	Addresses []string         // host:port of the server, of the sentinels, or of some nodes of the Cluster
	Master    string           // name that the sentinels know the master by; for Sentinel only
	Database  int              // number; a Cluster has but 0
	Username  string           // of the ACL user ["default"]
	Password  providers.Secret // [none]
	// SentinelPassword is what the sentinels themselves ask for [none].
	SentinelPassword providers.Secret
	TLS              *tls.Config      // [none]
	Prefix           string           // what every key begins with ["otpgate"]
	PoolSize         int              // connections to each node [10 for each processor]
	Timeout          time.Duration    // of one verb; what it has to take back may take as long again [500 ms]
	Retention        time.Duration    // how long a verification is kept after its end [30 days]
	SweepEvery       time.Duration    // how often what ran out is looked for [10 s]
	Now              func() time.Time // the clock of the sweep and of the checks [time.Now]
	Log              *slog.Logger     // [none]
	// Expired is told of verifications that ran out, after that was written down, by one of all gateways [nobody].
	Expired func([]otp.Verification)
	// Observe is told of each script: its name, how long its round trip took, and the failure of the store, if any.
	Observe func(script string, took time.Duration, err error)
	// Track keeps the references of all that has changed in a list of each shard, for whoever builds a history of it. Do
	// not set it without a reader: nothing else empties those lists.
	Track bool
}

// Mode is how Redis is laid out.
type Mode string

// The ways to lay out Redis.
const (
	Single   Mode = "single"
	Sentinel Mode = "sentinel" // a master that sentinels appoint
	Cluster  Mode = "cluster"
)

// Store is a [otp.Store] in Redis.
type Store struct {
	options Options
	client  goredis.UniversalClient
	keys    keys
	shards  []shardKeys
	common  []any // what all steps on verifications are told: retention, and whether changes are noted
	scripts scripts
	memory  *memory
	turns   *turns
	lanes   *lanes // nil: a Cluster
	sweeper *sweeper

	closing  sync.Once
	closeErr error
}

var (
	_ otp.Store  = (*Store)(nil)
	_ otp.Timers = (*Store)(nil)
)

// Open connects to Redis and looks at how it is set up: what would lose verifications is logged as a warning. The
// error is one sentence for the operator.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	loaded, err := loadScripts()
	if err != nil {
		return nil, err
	}
	remembered, err := newMemory()
	if err != nil {
		return nil, err
	}
	goredis.SetLogger(libraryLog{o.Log})
	s := &Store{
		options: o, client: connect(o), keys: keys{o.Prefix}, shards: keys{o.Prefix}.shards(), scripts: loaded,
		memory: remembered, turns: newTurns(), common: []any{o.Retention.Milliseconds(), o.Track},
	}
	if err := s.examine(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the store on Redis cannot be used: %w", err), s.client.Close())
	}
	if o.Mode != Cluster {
		s.lanes = newLanes(s.client, o.Timeout)
	}
	s.sweeper = newSweeper(s)
	return s, nil
}

func (o Options) withDefaults() Options {
	o.Mode = cmp.Or(o.Mode, Single)
	o.Prefix = cmp.Or(o.Prefix, "otpgate")
	o.Timeout = cmp.Or(o.Timeout, 500*time.Millisecond)
	o.Retention = cmp.Or(o.Retention, 30*24*time.Hour)
	o.SweepEvery = cmp.Or(o.SweepEvery, 10*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration, error) {}
	}
	return o
}

// Pool is how the connections to Redis are used.
type Pool struct {
	Total, Idle uint32 // connections
	Hits        uint32 // a connection was free
	Misses      uint32 // a new one was made
	Timeouts    uint32 // none became free in time
}

// Pool returns the state of the connections, of all nodes together.
func (s *Store) Pool() Pool {
	p := s.client.PoolStats()
	return Pool{Total: p.TotalConns, Idle: p.IdleConns, Hits: p.Hits, Misses: p.Misses, Timeouts: p.Timeouts}
}

// Ping tells whether the store can write, by writing: a Redis that is full, or has lost its replicas, still answers
// PING.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	return explain(s.client.Set(ctx, s.keys.ping(), 1, time.Minute).Err())
}

// Close ends the work of the store and its connections.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.sweeper.close()
		if s.lanes != nil {
			s.lanes.close()
		}
		s.closeErr = s.client.Close()
	})
	return s.closeErr
}

// bound gives a verb its time.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.options.Timeout)
}

// explain is the failure of the store for logs.
func explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the store could not be asked: %w", err)
}
