package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The stores that gateways are measured on.
const (
	onSQLite = "sqlite"
	onRedis  = "Redis"
)

// target is a gateway on one kind of store.
type target struct {
	store   string
	missing string // why there is none; empty: there is
	*server
	redis   *server
	guesses string // what the names of its files of guesses begin with
}

// targets starts a gateway on each store, after that was filled. A store that cannot be used is a target without
// server.
func (b *bench) targets(fill seedCommand) ([]*target, error) {
	var all []*target
	for _, store := range []string{onSQLite, onRedis} {
		t, err := b.target(store, b.upstream, fill)
		if err != nil {
			endAll(all)
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// target starts a gateway on a store of the kind, after that was filled.
func (b *bench) target(store string, upstream *server, fill seedCommand) (*target, error) {
	t := &target{store: store}
	err := b.begin(t, upstream, fill)
	if missing, ok := errors.AsType[missingError](err); ok {
		t.end()
		return &target{store: store, missing: missing.reason}, nil
	}
	if err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

func (b *bench) begin(t *target, upstream *server, fill seedCommand) error {
	folder, err := os.MkdirTemp(b.folder, "gateway")
	if err != nil {
		return err
	}
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	set := settings{Folder: folder, Listen: listen, Upstream: "http://" + upstream.address, Transport: noTransport}
	if t.store == onRedis {
		if t.redis, err = b.redis(folder); err != nil {
			return err
		}
		set.Redis = t.redis.address
	}
	file, err := set.write()
	if err != nil {
		return err
	}
	if err := accepted(file); err != nil {
		return err
	}
	if t.guesses = filepath.Join(folder, "guesses"); fill.Live+fill.Guessed > 0 {
		if err := b.seed(t, file, fill); err != nil {
			return err
		}
	}
	return b.serveGateway(t, file, listen)
}

func (b *bench) serveGateway(t *target, file, listen string) error {
	inside, err := freeAddress()
	if err != nil {
		return err
	}
	args := []string{"gateway", file, inside}
	if t.store == onSQLite && b.CPU != "" {
		args = append(args, "--cpu="+b.CPU)
		b.CPU = "" // of the first one
	}
	if t.server, err = b.serve(t.String(), listen, b.self, args...); err != nil {
		return err
	}
	t.inside = inside
	return nil
}

// seed fills the store of t.
func (b *bench) seed(t *target, file string, fill seedCommand) error {
	n := fill.Live + fill.Guessed*fill.Files
	b.progress("%d live verifications for %s", n, t.store)
	most := 30*time.Second + time.Duration(n)*time.Millisecond
	_, err := b.run(most, nil, b.self, "seed", file, "--live="+strconv.Itoa(fill.Live),
		"--guessed="+strconv.Itoa(fill.Guessed), "--files="+strconv.Itoa(fill.Files), "--guesses="+t.guesses)
	return err
}

// redis starts one that is set up as docs/operations.md advises.
func (b *bench) redis(folder string) (*server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, missingError{"left out: redis-server is missing; on Debian: apt-get install redis-server"}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return b.serve("redis", address, program, "--bind", "127.0.0.1", "--port", port, "--dir", folder,
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
		"--auto-aof-rewrite-min-size", "1gb",
		"--logfile", filepath.Join(folder, "redis.log"))
}

// end stops what belongs to t, the gateway first.
func (t *target) end() {
	for _, s := range []*server{t.server, t.redis} {
		if s != nil {
			s.end()
		}
	}
}

func endAll(all []*target) {
	for _, t := range all {
		t.end()
	}
}

func (t *target) String() string { return "gateway on " + t.store }
