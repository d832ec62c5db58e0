package main

import (
	"fmt"
	"strings"
	"time"
)

// report is all that a run measured, and where and when.
type report struct {
	form    string
	commit  string
	began   time.Time
	took    time.Duration
	rounds  int
	time    time.Duration // of one measurement
	clients int
	machine machine
	rows    []row
	costs   []cost
}

func (r *report) day() string { return r.began.Format(time.DateOnly) }

// text is the report as Markdown.
func (r *report) text(before *baseline) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "Commit %s, %s, the %s form: %d rounds of %v in %v, %d connections.\n",
		r.commit, r.began.Format("2006-01-02 15:04"), r.form, r.rounds, r.time, r.took.Round(time.Second), r.clients)
	_, _ = fmt.Fprintf(&b, "%s; load %.1f at the start.\n\n", r.machine, r.machine.Load)
	if r.machine.busy() {
		b.WriteString("**THE MACHINE WAS BUSY. Do not take these figures for the gateway's.**\n\n")
	}
	b.WriteString("| what | median (least–most) | must reach | reached | change | beside |\n|---|---|---|---|---|---|\n")
	if r.machine.busy() {
		_, _ = fmt.Fprintf(&b, "| **measured on a busy machine** | **load %.1f** | | | | |\n", r.machine.Load)
	}
	for _, one := range r.rows {
		_, _ = fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n",
			one.What, one.measured(), one.must(), one.verdict(), one.change(before), one.note())
	}
	r.writeCosts(&b, before)
	_, _ = fmt.Fprintf(&b, "\n%s\n", before.comparable(r))
	return b.String()
}

func (r *report) writeCosts(b *strings.Builder, before *baseline) {
	if len(r.costs) == 0 {
		return
	}
	b.WriteString("\nWhat a request costs the gateway's process (medians):\n\n" +
		"| what | CPU | allocations | allocated | memory held | change of allocations |\n|---|---|---|---|---|---|\n")
	for _, one := range r.costs {
		_, _ = fmt.Fprintf(b, "| %s | %s |\n", one.line(), before.change(one.key(), median(one.Objects), true))
	}
}

// change tells how far the row has moved from the baseline.
func (r row) change(before *baseline) string {
	if r.Missing != "" || r.Noisy {
		return "—"
	}
	return before.change(r.Key, r.value(), r.Goal.sign == "≤")
}
