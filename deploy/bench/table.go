package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"slices"
)

// row is what was measured of one pair: each round its yardstick, then the gateway.
type row struct {
	What, Yardstick string
	bare, gateway   []float64 // requests in a second
}

func (r *row) pair(bare, gateway func() (float64, error)) error {
	a, err := bare()
	if err != nil {
		return err
	}
	b, err := gateway()
	if err != nil {
		return err
	}
	r.bare, r.gateway = append(r.bare, a), append(r.gateway, b)
	return nil
}

// ratios are those of the rounds, least first.
func (r *row) ratios() []float64 {
	var all []float64
	for i := range r.bare {
		all = append(all, r.gateway[i]/r.bare[i])
	}
	slices.Sort(all)
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func printTable(out io.Writer, c runCommand, rows []row) {
	_, _ = fmt.Fprintf(out, "%s, %d processors, %d rounds of %v, %d connections\n\n", runtime.Version(), runtime.NumCPU(), c.Rounds, c.Time, c.Clients)
	_, _ = fmt.Fprintln(out, "| what | gateway, requests/s | yardstick | requests/s | ratio (least–most) |\n|---|---|---|---|---|")
	for _, r := range rows {
		ratios := r.ratios()
		_, _ = fmt.Fprintf(out, "| %s | %.0f | %s | %.0f | %.2f (%.2f–%.2f) |\n",
			r.What, median(r.gateway), r.Yardstick, median(r.bare), median(ratios), ratios[0], ratios[len(ratios)-1])
	}
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
