package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otpgate/otpgate/gateway/httpapi"
)

// explanation is a plan as people read it.
type explanation struct {
	plan httpapi.Plan
	file string // that the lines of rules are counted in
}

// WriteTo implements [io.WriterTo].
func (e explanation) WriteTo(out io.Writer) (int64, error) {
	var b bytes.Buffer
	to := e.plan.To
	if e.plan.Country != "" {
		to += " (" + e.plan.Country + ")"
	}
	fmt.Fprintf(&b, "A code for %s by %s, good for %s\n", to, e.plan.Channel, e.plan.ExpiresIn)
	for _, s := range e.plan.Steps {
		e.step(&b, s)
	}
	e.limits(&b)
	return b.WriteTo(out)
}

func (e explanation) step(b *bytes.Buffer, s httpapi.PlanStep) {
	when := "at once"
	if s.After != "0s" {
		when = "after " + s.After
	}
	fmt.Fprintf(b, "\n%s: %s to %s\n", when, s.Channel, s.To)
	switch {
	case s.Dropped:
		b.WriteString("  dropped: the code would have expired by then\n")
		return
	case s.Rule == "":
		b.WriteString("  no rule matches, so nobody is asked\n")
		return
	}
	fmt.Fprintf(b, "  rule %s (%s:%d), strategy %s, at most %s\n", s.Rule, e.file, s.Line, s.Strategy, s.Deadline)
	if len(s.Candidates) == 0 {
		b.WriteString("  nobody can be asked\n")
	}
	table(b, func(row func(cells ...string)) {
		for _, c := range s.Candidates {
			row(fmt.Sprintf("  %d.", c.Place), c.Provider, c.Why, health(c), code(c)+size(c), cost(c), dial(c))
		}
	})
	table(b, func(row func(cells ...string)) {
		for _, x := range s.Excluded {
			row("  not", x.Provider, x.Why+until(x.Until))
		}
	})
}

// limits lists what the send would be counted in.
func (e explanation) limits(b *bytes.Buffer) {
	if len(e.plan.Limits) == 0 {
		return
	}
	b.WriteString("\nlimits\n")
	table(b, func(row func(cells ...string)) {
		for _, l := range e.plan.Limits {
			left := fmt.Sprintf("%d left", l.Remaining)
			if l.Remaining == 0 {
				left = "none left: the send would be refused"
			}
			row("  "+l.Name, l.Limit, fmt.Sprintf("%d used", l.Used), left+until(l.ResetsAt))
		}
	})
}

// table aligns what fill writes in columns, and leaves no spaces at the ends of lines.
func table(b *bytes.Buffer, fill func(row func(cells ...string))) {
	var aligned bytes.Buffer
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	fill(func(cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) })
	_ = w.Flush() // into memory
	for line := range strings.Lines(aligned.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

func health(c httpapi.PlanCandidate) string {
	text := "breaker " + strings.ReplaceAll(string(c.Breaker), "_", " ")
	if c.Limited {
		text += ", its limit is used up now"
	}
	return text
}

func code(c httpapi.PlanCandidate) string {
	switch {
	case c.Code.Length == 0 && c.Code.Alphabet == "":
		return "a code of its own choice"
	case c.Code.Length == 0:
		return string(c.Code.Alphabet) + " code"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", c.Code.Length, c.Code.Alphabet))
}

// size is what the text takes by SMS, where that is known.
func size(c httpapi.PlanCandidate) string {
	switch {
	case c.Message == nil:
		return ""
	case c.Message.Segments == 1:
		return ", 1 segment of " + c.Message.Encoding
	}
	return fmt.Sprintf(", %d segments of %s", c.Message.Segments, c.Message.Encoding)
}

func cost(c httpapi.PlanCandidate) string {
	if c.Price == nil {
		return "no price"
	}
	return strings.TrimSpace(fmt.Sprintf("%g %s", c.Price.Amount, c.Price.Currency))
}

func dial(c httpapi.PlanCandidate) string {
	if c.USSD == nil {
		return ""
	}
	return "dial " + c.USSD.Dial
}

// until is a time of the API as people read it; empty where there is none.
func until(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return ", until " + at.UTC().Format("2006-01-02 15:04:05 UTC")
}
