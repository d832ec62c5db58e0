package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// skew is how far the clocks of Redis and of the gateway may differ before it is told. Limits and expiries are
// reckoned by the gateways' clocks, which have to agree with each other.
const skew = time.Second

var errTooOld = errors.New("it is older than 6.2; the store was tested with 7.0")

// examine asks each master how it is set up. What would lose verifications is logged; what cannot work is refused.
func (s *Store) examine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(5*time.Second, s.options.Timeout))
	defer cancel()
	if err := s.client.Ping(ctx).Err(); err != nil {
		return err
	}
	return s.eachMaster(ctx, s.examineNode)
}

func (s *Store) examineNode(ctx context.Context, node goredis.Cmdable) error {
	info, err := node.Info(ctx, "server", "memory", "persistence").Result()
	if err != nil {
		return err
	}
	facts := factsOf(info)
	var major, minor int
	_, err = fmt.Sscanf(facts["redis_version"], "%d.%d", &major, &minor)
	if err == nil && (major < 6 || major == 6 && minor < 2) {
		return errTooOld
	}
	log := s.options.Log
	if policy := facts["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		log.Warn("redis throws away what it likes when its memory is full: limits, guesses and live verifications; "+
			"set maxmemory-policy to noeviction", "maxmemory_policy", policy)
	}
	if facts["aof_enabled"] == "0" {
		log.Warn("redis loses all that was written since its last snapshot when it ends: guesses are granted anew, " +
			"used codes may be accepted again; set appendonly to yes")
	}
	return s.compareClocks(ctx, node)
}

func (s *Store) compareClocks(ctx context.Context, node goredis.Cmdable) error {
	before := s.options.Now()
	theirs, err := node.Time(ctx).Result()
	if err != nil {
		return err
	}
	took := s.options.Now().Sub(before)
	apart := theirs.Sub(before.Add(took / 2))
	if apart.Abs() > skew {
		s.options.Log.Warn("the clocks of redis and of this gateway differ; run NTP on both: limits and expiries "+
			"of all gateways are reckoned by their own clocks", "difference", apart.Round(time.Millisecond).String())
	}
	return nil
}

// factsOf reads what INFO tells.
func factsOf(info string) map[string]string {
	facts := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
	return facts
}
