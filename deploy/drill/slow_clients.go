package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// What slow-clients works with.
const (
	drippers   = 500 // half of them in the header, half in the body
	dripRate   = 100 // normal sends a second
	dripPause  = 500 * time.Millisecond
	readWithin = 10 * time.Second // that a request may take to come in (docs/security.md)
)

// loris is a gateway under steady load, and perhaps with clients that never come to an end.
type loris struct {
	*stage
	api     *client
	p       *process
	timings timings
	tally   *tally
	cut     timings
}

// slowClients holds a second gateway beside the first, without slow clients: what both are slow at is the machine.
func slowClients(s *stage) error {
	control, l := &loris{stage: s, tally: newTally()}, &loris{stage: s, tally: newTally()}
	if err := errors.Join(control.open(), l.open()); err != nil {
		return err
	}
	stop, stopControl := l.pace(dripRate, l.send), l.pace(dripRate, control.send)
	defer stopControl()
	defer stop()
	l.rest(2 * time.Second)
	from := time.Now()
	l.rest(readWithin)
	calm := l.timings.between(from, time.Now())
	l.say("normal sends before: %s", calm)
	from = time.Now()
	held := l.dripAll()
	busy, machine := l.timings.between(from, time.Now()), control.timings.between(from, time.Now())
	l.say("normal sends while %d others drip: %s; the gateway holds %v", drippers, busy, held)
	l.say("  without slow clients: %s", machine)
	limit := 2 * nearly(max(calm.quantile(0.99), machine.quantile(0.99)))
	p99 := busy.quantile(0.99)
	l.expect(p99 <= limit, "normal sends stay fast: p99 %v, at most %v", short(p99), short(limit))
	l.none(l.tally, "normal sends that failed")
	cut := l.cut.between(time.Time{}, time.Now())
	l.expect(len(cut) == drippers && cut.quantile(1) <= readWithin+slack, "all slow ones are cut off: %s", cut)
	told := l.tally.of("408 and closed")
	l.expect(told == drippers, "with 408, and their connections closed: %d", told)
	return nil
}

func (l *loris) open() error {
	u, err := l.hubtel("live", new(twin.Inbox))
	if err != nil {
		return err
	}
	l.p, err = l.serve(settings{Providers: hubtelBlock("live", u.url, ""), Routes: "  - {name: rest, use: [live]}"})
	if err == nil {
		l.api = l.newClient(l.p.url)
	}
	return err
}

func (l *loris) send(n int, due time.Time) {
	a, err := l.api.send(ghanaian(n), "")
	l.timings.done(due)
	if err != nil || a.status != http.StatusCreated {
		l.tally.add("normal sends that failed", fmt.Sprint(a, err))
	}
}

// dripAll opens the slow connections and waits until all are cut off.
func (l *loris) dripAll() burden {
	const head = "POST /v1/otp/send HTTP/1.1\r\nHost: gateway\r\n"
	var all sync.WaitGroup
	for n := range drippers {
		begin := head + "X-Slow: "
		if n%2 == 1 {
			begin = head + "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
		}
		all.Go(func() { l.drip(begin) })
		l.rest(dripPause / drippers) // so that not all drip in the same moment
	}
	l.rest(readWithin / 2)
	middle, err := l.p.burden()
	if err != nil {
		l.say("%v", err)
	}
	all.Wait()
	return middle
}

// drip writes a byte now and then until it is answered, and notes when the connection is closed.
func (l *loris) drip(begin string) {
	due := time.Now()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.p.url, "http://"))
	if err != nil {
		l.tally.add("connections that were refused", err.Error())
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(due.Add(3 * readWithin)) // so that this ends
	over := make(chan struct{})
	defer close(over)
	go trickle(conn, begin, over)
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		l.tally.add("cut off without a word", err.Error())
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if _, err := reader.ReadByte(); errors.Is(err, os.ErrDeadlineExceeded) {
		return // it is still open
	}
	l.tally.add(fmt.Sprint(resp.StatusCode, " and closed"), "")
	l.cut.done(due)
}

// trickle writes the beginning of a request, and then a byte now and then.
func trickle(conn net.Conn, begin string, over <-chan struct{}) {
	_, _ = io.WriteString(conn, begin) // who cannot write sees it in the answer
	tick := time.NewTicker(dripPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_, _ = io.WriteString(conn, "x")
		case <-over:
			return
		}
	}
}
