package main

import "fmt"

// cost is what a request costs the gateway's process, by rounds.
type cost struct {
	Key, What string
	CPU       []float64 // µs in a request
	Objects   []float64 // allocations in a request
	Bytes     []float64 // that were allocated in a request
	Resident  []float64 // MB of memory that the process holds at the end of the load
}

func costOf(key, what string, s series) cost {
	return cost{
		Key: key, What: what,
		CPU:      s.each(func(one sample) float64 { return one.cpu / one.Requests * 1e6 }),
		Objects:  s.each(func(one sample) float64 { return one.objects / one.Requests }),
		Bytes:    s.each(func(one sample) float64 { return one.bytes / one.Requests }),
		Resident: s.each(func(one sample) float64 { return one.resident / 1e6 }),
	}
}

// line is the cost as a line of a table, but for the change.
func (c cost) line() string {
	return fmt.Sprintf("%s | %.0f µs | %.0f | %.1f KB | %.0f MB",
		c.What, median(c.CPU), median(c.Objects), median(c.Bytes)/1000, median(c.Resident))
}

// key is the name of the allocations in a baseline.
func (c cost) key() string { return c.Key + ", allocations" }
