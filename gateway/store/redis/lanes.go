package redis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// lanesForEach is how many round trips are under way at most, for each processor: while one waits for Redis, the next is
	// put together. With more of them fewer callers share one.
	lanesForEach = 4
	// laneLoad bounds how many callers share a round trip, and so how long the first of them waits for the last.
	laneLoad = 8
)

var (
	errClosed = errors.New("the store is closed")
	// errUnanswered tells that a caller left before the answer: its calls may be under way still, and must not be looked
	// at.
	errUnanswered = errors.New("there was no answer in time")
)

// lanes carry the calls of many callers in common round trips: under load most of what a call costs the gateway and
// Redis is its own way there and back. Nobody waits for company: a round trip takes what waits at that moment.
//
// A Cluster has none. There a round trip goes to many nodes, and a node that is away would hold up those who do not
// need it.
type lanes struct {
	client  goredis.UniversalClient
	timeout time.Duration
	queue   chan *load
	closing chan struct{}
	all     sync.WaitGroup
}

// load are the calls of one caller.
type load struct {
	ctx   context.Context
	calls []*command
	done  chan struct{} // closed when all of them have their answers
}

func newLanes(client goredis.UniversalClient, timeout time.Duration) *lanes {
	l := &lanes{client: client, timeout: timeout, queue: make(chan *load, laneLoad), closing: make(chan struct{})}
	for range lanesForEach * runtime.GOMAXPROCS(0) {
		l.all.Go(l.run)
	}
	return l
}

// close ends the lanes. What is under way is finished.
func (l *lanes) close() {
	close(l.closing)
	l.all.Wait()
}

// carry sends calls and waits for their answers, which stand in the calls. Its error is [errUnanswered].
func (l *lanes) carry(ctx context.Context, calls []*command) error {
	one := &load{ctx: ctx, calls: calls, done: make(chan struct{})}
	select {
	case l.queue <- one:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errUnanswered, ctx.Err())
	case <-l.closing:
		return fmt.Errorf("%w: %w", errUnanswered, errClosed)
	}
	select {
	case <-one.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errUnanswered, ctx.Err())
	case <-l.closing:
		return fmt.Errorf("%w: %w", errUnanswered, errClosed)
	}
}

func (l *lanes) run() {
	for {
		select {
		case first := <-l.queue:
			l.send(l.gather(first))
		case <-l.closing:
			return
		}
	}
}

// gather adds what waits at this moment.
func (l *lanes) gather(first *load) []*load {
	all := []*load{first}
	for len(all) < laneLoad {
		select {
		case one := <-l.queue:
			all = append(all, one)
		default:
			return all
		}
	}
	return all
}

func (l *lanes) send(all []*load) {
	// What waits for a connection longer than its callers do is not sent: they were told that it was not done.
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	pipe := l.client.Pipeline()
	var joints []*joint
	for _, one := range all {
		if one.ctx.Err() != nil {
			continue // nobody waits for it: what was answered as not done is not done later
		}
		for _, c := range one.calls {
			if c.charge != nil {
				joints = join(joints, c)
			} else {
				_ = pipe.Process(ctx, c)
			}
		}
	}
	for _, j := range joints {
		_ = pipe.Process(ctx, j.made(ctx))
	}
	_, _ = pipe.Exec(ctx) // its errors are those of the calls
	for _, j := range joints {
		j.share()
	}
	for _, one := range all {
		close(one.done)
	}
}
