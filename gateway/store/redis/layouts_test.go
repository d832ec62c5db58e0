package redis_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/gateway/store/storetest"
	"github.com/otpgate/otpgate/providers"
)

// cluster starts a Cluster of three masters and returns their addresses.
func cluster(t *testing.T) []string {
	t.Helper()
	var addresses []string
	for i := range 3 {
		bus, err := redistest.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		_, busPort, _ := net.SplitHostPort(bus)
		node := launched(t, "--cluster-enabled", "yes", "--cluster-port", busPort,
			"--cluster-config-file", fmt.Sprintf("nodes-%d.conf", i), "--cluster-require-full-coverage", "yes")
		addresses = append(addresses, node.Address)
	}
	create := append([]string{"--cluster", "create"}, addresses...)
	out, err := exec.CommandContext(t.Context(), "redis-cli", append(create, "--cluster-yes")...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli --cluster create: %v\n%s", err, out)
	}
	for _, address := range addresses {
		c := goredis.NewClient(&goredis.Options{Addr: address, Protocol: 2})
		eventually(t, 20*time.Second, func() bool {
			info, err := c.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok")
		})
		_ = c.Close()
	}
	return addresses
}

func TestStoreOnACluster(t *testing.T) {
	t.Parallel()
	addresses := cluster(t)
	onCluster := func(t *testing.T) otp.Store {
		return open(t, func(o *redis.Options) { o.Mode, o.Addresses = redis.Cluster, addresses[:1] })
	}
	t.Run("verbs", func(t *testing.T) { storetest.Run(t, onCluster) })
	t.Run("timers", func(t *testing.T) { storetest.RunTimers(t, onCluster) })
	t.Run("a user with the rights that the manual names", func(t *testing.T) {
		for _, address := range addresses {
			c := goredis.NewClient(&goredis.Options{Addr: address, Protocol: 2})
			err := c.Do(t.Context(), "acl", "setuser", "gate", "on", ">a-password-of-redis", "~t*:*", "resetchannels", "+@read",
				"+@write", "+@scripting", "+@transaction", "+@connection", "+info", "+time",
				"+cluster|slots", "+cluster|shards", "+cluster|nodes").Err()
			_ = c.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, func(o *redis.Options) {
			o.Mode, o.Addresses, o.Username = redis.Cluster, addresses[:1], "gate"
			o.Password, o.Track = providers.NewSecret("a-password-of-redis"), true
		})
		everything(t, s)
		if n, err := s.History(time.Hour).Follow(t.Context()); n != 1 || err != nil {
			t.Errorf("the history took in %d, %v", n, err)
		}
		if _, err := s.Due(t.Context(), time.Now().Add(time.Hour), time.Minute, 10); err != nil {
			t.Error(err)
		}
		if err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
	})
	t.Run("the shards are spread over all nodes", func(t *testing.T) {
		s := onCluster(t)
		for range 100 {
			sent(t, s)
		}
		for _, address := range addresses {
			c := goredis.NewClient(&goredis.Options{Addr: address, Protocol: 2})
			n, err := c.DBSize(t.Context()).Result()
			if err != nil || n < 50 {
				t.Errorf("%d keys, %v", n, err)
			}
			_ = c.Close()
		}
	})
}

// A slot that moves to another node is followed, in the middle of the work.
func TestASlotThatMovesIsFollowed(t *testing.T) {
	t.Parallel()
	addresses := cluster(t)
	s := open(t, func(o *redis.Options) { o.Mode, o.Addresses, o.Timeout = redis.Cluster, addresses, 2*time.Second })
	v := sent(t, s)
	key := fmt.Sprintf("%s:{%02x}:", s.Prefix(), v.Reference.Shard())
	first := goredis.NewClient(&goredis.Options{Addr: addresses[0], Protocol: 2})
	defer first.Close()
	slot, err := first.ClusterKeySlot(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	move(t, addresses, int(slot))
	for n := range 3 {
		if got, err := s.Reserve(t.Context(), guess(v, strconv.Itoa(n))); err != nil || got.Attempts != n+1 {
			t.Fatalf("%d attempts, %v", got.Attempts, err)
		}
	}
}

// move hands a slot from its node to the next one.
func move(t *testing.T, addresses []string, slot int) {
	t.Helper()
	clients, ids := map[string]*goredis.Client{}, map[string]string{}
	owner := ""
	for _, address := range addresses {
		c := goredis.NewClient(&goredis.Options{Addr: address, Protocol: 2})
		t.Cleanup(func() { _ = c.Close() })
		id, err := c.ClusterMyID(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		clients[address], ids[address] = c, id
		if n, err := c.ClusterCountKeysInSlot(t.Context(), slot).Result(); err == nil && n > 0 {
			owner = address
		}
	}
	target := addresses[0]
	if owner == target {
		target = addresses[1]
	}
	do := func(address string, args ...any) {
		if err := clients[address].Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	do(target, "cluster", "setslot", slot, "importing", ids[owner])
	do(owner, "cluster", "setslot", slot, "migrating", ids[target])
	keys, err := clients[owner].ClusterGetKeysInSlot(t.Context(), slot, 1000).Result()
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(target)
	args := []any{"migrate", host, port, "", 0, 5000, "keys"}
	for _, key := range keys {
		args = append(args, key)
	}
	do(owner, args...)
	for _, address := range addresses {
		do(address, "cluster", "setslot", slot, "node", ids[target])
	}
}

func TestAFailoverOfSentinelIsFollowed(t *testing.T) {
	t.Parallel()
	master := launched(t)
	host, port, _ := net.SplitHostPort(master.Address)
	replica := launched(t, "--replicaof", host+" "+port)
	sentinel := watched(t, host, port)
	up(t, replica)
	s := open(t, func(o *redis.Options) {
		o.Mode, o.Addresses, o.Master, o.Timeout = redis.Sentinel, []string{sentinel.Address}, "otpgate", 500*time.Millisecond
	})
	v := sent(t, s)
	eventually(t, 10*time.Second, func() bool { // the replica has it
		c := replica.Client()
		defer c.Close()
		n, err := c.Exists(t.Context(), fmt.Sprintf("%s:{%02x}:v:%s", s.Prefix(), v.Reference.Shard(), v.Reference)).Result()
		return err == nil && n == 1
	})
	master.Kill()
	began := time.Now()
	if _, err := s.Get(t.Context(), v.Reference); err == nil || time.Since(began) > answerIn {
		t.Errorf("a dead master: %v after %v", err, time.Since(began))
	}
	eventually(t, time.Minute, func() bool { return s.Ping(t.Context()) == nil }) // sentinels take their time on a busy machine
	if got, err := s.Reserve(t.Context(), guess(v, "c1")); err != nil || got.Attempts != 1 {
		t.Errorf("%d attempts, %v", got.Attempts, err)
	}
}

// up waits until a replica follows its master.
func up(t *testing.T, replica *redistest.Server) {
	t.Helper()
	c := replica.Client()
	defer c.Close()
	eventually(t, 20*time.Second, func() bool {
		info, err := c.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
}

// watched is a sentinel that watches the master there.
func watched(t *testing.T, host, port string) *redistest.Server {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor otpgate %s %s 1\nsentinel down-after-milliseconds otpgate 500\n"+
		"sentinel failover-timeout otpgate 2000\nsentinel resolve-hostnames no\n", host, port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := redistest.StartSentinel(folder, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	err = s.Await(func(c *goredis.Client) error { // it has found the replica
		found, err := c.Do(context.Background(), "sentinel", "replicas", "otpgate").Slice()
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("no replica is known")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
