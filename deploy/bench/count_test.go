package main

import (
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
)

func TestEachGuessIsCounted(t *testing.T) {
	t.Parallel()
	server, err := redistest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	client := redis.NewClient(&redis.Options{Addr: server.Address})
	defer client.Close()
	hash, err := client.ScriptLoad(t.Context(), countScript).Result()
	if err != nil {
		t.Fatal(err)
	}
	counts := make(chan *count, countLoad)
	for range countLanes {
		go carry(t.Context(), client, hash, counts)
	}
	const many = 100
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			one := &count{"r", "123456", make(chan error, 1)}
			counts <- one
			if err := <-one.done; err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := client.StrLen(t.Context(), "bare:r").Val(); n != many*int64(len("123456")) {
		t.Errorf("%d bytes stand under the reference", n)
	}
}

func TestChecksStandBesideWhatCountingCosts(t *testing.T) {
	t.Parallel()
	echo, counter := &server{name: "echo"}, &target{store: onRedis, server: new(server)}
	b := &bench{echo: echo}
	targets := []*target{{store: onRedis, server: new(server)}}
	got := b.checkFindings(targets, counter, map[*server]series{
		echo: at(100_000), targets[0].server: at(10_000), counter.server: at(40_000),
	})
	if len(got.rows) != 2 || len(got.costs) != 1 {
		t.Fatalf("%d rows, %d costs", len(got.rows), len(got.costs))
	}
	if r := got.rows[1]; r.value() != 0.4 || r.Goal != (goal{}) || r.Beside != "40,000 of 100,000/s (echo)" {
		t.Errorf("%+v", r)
	}
	if of, err := b.counter([]*target{{store: onRedis, missing: "left out"}}); err != nil || of.missing != "left out" {
		t.Errorf("without Redis: %+v, %v", of, err)
	}
	if _, err := b.counter(nil); err == nil {
		t.Error("there is a counter without a gateway")
	}
}
