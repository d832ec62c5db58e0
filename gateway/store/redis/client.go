package redis

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connect makes the client; connections are made when they are needed.
//
// Nothing is sent twice: the answer to a step that may have been made is lost with its connection, and the caller is
// told so. Only a redirection of a Cluster is followed, which says that nothing was done.
func connect(o Options) goredis.UniversalClient {
	common := goredis.UniversalOptions{
		Addrs:      slices.Clone(o.Addresses), // which the library appends to
		MasterName: o.Master, IsClusterMode: o.Mode == Cluster, DB: o.Database,
		Username: o.Username, Password: o.Password.Reveal(), SentinelPassword: o.SentinelPassword.Reveal(), TLSConfig: o.TLS,
		DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout,
		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, MaxRedirects: 3,
		PoolSize: poolSize(o), PipelinePoolSize: -1, MinIdleConns: 1, // one pool: every script goes in a pipeline
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	switch o.Mode {
	case Cluster:
		cluster := common.Cluster()
		cluster.MaxRetries = -1
		return goredis.NewClusterClient(cluster)
	case Sentinel:
		return goredis.NewFailoverClient(common.Failover())
	default:
		return goredis.NewClient(common.Simple())
	}
}

func poolSize(o Options) int {
	if o.PoolSize > 0 {
		return o.PoolSize
	}
	return 10 * runtime.GOMAXPROCS(0)
}

// eachMaster calls do for every server that takes writes.
func (s *Store) eachMaster(ctx context.Context, do func(context.Context, goredis.Cmdable) error) error {
	if cluster, ok := s.client.(*goredis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return do(ctx, node) })
	}
	return do(ctx, s.client)
}

// libraryLog takes what the client library has to say, which is about connections alone.
type libraryLog struct{ log *slog.Logger }

// Printf is what the library calls.
func (l libraryLog) Printf(ctx context.Context, format string, values ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis client", "message", fmt.Sprintf(format, values...))
	}
}
