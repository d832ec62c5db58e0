package main

import (
	"sync/atomic"
)

// fleet is a balancer: it gives every gateway that is up its turn.
type fleet struct {
	clients []*client
	down    []atomic.Bool
	next    atomic.Uint64
}

func newFleet(clients ...*client) *fleet {
	return &fleet{clients: clients, down: make([]atomic.Bool, len(clients))}
}

// any is the gateway for the next request; the first where all are down.
func (f *fleet) any() *client {
	for range f.clients {
		n := f.next.Add(1) % uint64(len(f.clients))
		if !f.down[n].Load() {
			return f.clients[n]
		}
	}
	return f.clients[0]
}

// serveTwo runs two gateways with the same settings.
func (s *stage) serveTwo(set settings) (ps [2]*process, f *fleet, err error) {
	for i := range ps {
		set.Folder = "" // each has its own
		if ps[i], err = s.serve(set); err != nil {
			return ps, nil, err
		}
	}
	return ps, newFleet(s.newClient(ps[0].url), s.newClient(ps[1].url)), nil
}
