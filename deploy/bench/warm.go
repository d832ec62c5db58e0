package main

import (
	"context"
	"time"
)

// warm puts a second of sends on each server, and lets it finish what that left behind: nobody is measured cold.
func (b *bench) warm(servers []*server) error {
	for _, s := range servers {
		if _, err := b.bear(s, b.sending(s, time.Second)); err != nil {
			return err
		}
	}
	for _, s := range servers {
		if err := b.calm(s); err != nil {
			return err
		}
	}
	return nil
}

// calm waits until a process computes for less than a tenth of the time, half a minute at most.
func (b *bench) calm(s *server) error {
	const every, most = 250 * time.Millisecond, 30 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	was, err := usageOf(s.cmd.Process.Pid)
	for range most / every {
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			return context.Cause(b.ctx)
		}
		var is usage
		if is, err = usageOf(s.cmd.Process.Pid); err == nil && is.cpu-was.cpu < every.Seconds()/10 {
			return nil
		}
		was = is
	}
	b.progress("%s did not come to rest", s.name)
	return err
}
