package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheReport(t *testing.T) {
	t.Parallel()
	before := &baseline{
		Form: "short", Commit: "v0", Date: "2026-11-01", Machine: machine{CPU: "Abacus", Cores: 2},
		Figures: map[string]float64{"send": 0.7, "p99": 1, "send, allocations": 190},
	}
	want := `Commit v1, 2026-11-22 01:02, the short form: 3 rounds of 3s in 2m20s, 64 connections.
Abacus, 2 cores, 0 GiB, Linux , ; load 0.2 at the start.

| what | median (least–most) | must reach | reached | change | beside |
|---|---|---|---|---|---|
| send | 0.61 × (0.60–0.62) | ≥ 0.6 × | yes | **-13 %, WORSE** |  |
| p99 | 2.00 ms | ≤ 3 ms | yes | — |  |
| redis | — | ≥ 0.4 | — | — | left out: there is none |
| flight | 1 | — | **no**: too few | — |  |

What a request costs the gateway's process (medians):

| what | CPU | allocations | allocated | memory held | change of allocations |
|---|---|---|---|---|---|
| send | 100 µs | 200 | 0.0 KB | 1 MB | +5 % |

Changes are against v0 of 2026-11-01; WORSE is more than 10 % in the wrong direction.
`
	if diff := cmp.Diff(want, someReport().text(before)); diff != "" {
		t.Error(diff)
	}
}

func TestABusyMachineIsLoud(t *testing.T) {
	t.Parallel()
	r := someReport()
	if text := r.text(nil); strings.Contains(strings.ToLower(text), "busy") {
		t.Errorf("a quiet machine is called busy:\n%s", text)
	}
	r.machine.Load = 1.01
	text := r.text(nil)
	table := text[strings.Index(text, "| what |"):]
	if !strings.Contains(text, "**THE MACHINE WAS BUSY") || !strings.Contains(table, "**measured on a busy machine**") {
		t.Errorf("the table does not say so:\n%s", text)
	}
}
