package main

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const wrkTold = `Running 3s test @ http://127.0.0.1:1234/v1/otp/send
  2 threads and 64 connections
Requests/sec:   2500.00
{"requests":7500,"micros":3000000,"broken":1,"unexpected":2,"status":503,"spent":false,"p50":1200,"p99":9000}
`

func TestTheLastLineOfWrkIsItsResult(t *testing.T) {
	t.Parallel()
	got, err := parseClosed([]byte(wrkTold))
	if err != nil {
		t.Fatal(err)
	}
	want := answered{Requests: 7500, Micros: 3e6, Broken: 1, Unexpected: 2, Status: 503, P50: 1200, P99: 9000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.lost() != 3 || math.Abs(got.rate()-2500) > 1e-9 {
		t.Errorf("lost %d at %v/s, want 3 at 2500/s", got.lost(), got.rate())
	}
}

func TestWhatWrkDidNotMeasureIsAnError(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]string{
		"nothing":        "",
		"no result":      "unable to connect to 127.0.0.1:1 Connection refused\n",
		"cut off":        strings.TrimSuffix(wrkTold, "}\n"),
		"no answer":      strings.Replace(wrkTold, `"requests":7500`, `"requests":0`, 1),
		"no time":        strings.Replace(wrkTold, `"micros":3000000`, `"micros":0`, 1),
		"words after it": wrkTold + "lua: something broke\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseClosed([]byte(out)); err == nil {
				t.Errorf("read as %+v", got)
			}
		})
	}
}
