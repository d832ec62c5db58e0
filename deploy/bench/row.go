package main

import (
	"fmt"
	"slices"
	"strconv"
)

// goal is what a row must reach; the zero goal is none.
type goal struct {
	sign  string
	bound float64
}

func atLeast(bound float64) goal { return goal{"≥", bound} }

func atMost(bound float64) goal { return goal{"≤", bound} }

func (g goal) reached(value float64) bool {
	switch g.sign {
	case "≥":
		return value >= g.bound
	case "≤":
		return value <= g.bound
	default:
		return true
	}
}

// The units of rows; the empty one is a count.
const (
	times    = "×"
	millis   = "ms"
	kilobyte = "KB"
	megabyte = "MB"
)

// digits is how many decimal places a unit is shown with.
func digits(unit string) int {
	switch unit {
	case times, millis:
		return 2
	case megabyte:
		return 1
	default:
		return 0
	}
}

// row is one number that was measured in each round, and what it must reach.
type row struct {
	Key     string    // what it is called in a baseline
	What    string    // it says
	Unit    string    // of its numbers
	Rounds  []float64 // in the order of the rounds
	Goal    goal
	Beside  string // what else is worth knowing
	Flaw    string // what spoils the row, whatever its number; empty: nothing
	Missing string // why there is no number; empty: there is one
	Noisy   bool   // it varies more than a comparison with a baseline could tell
}

// value is the number that counts: the median of the rounds.
func (r row) value() float64 { return median(r.Rounds) }

// number writes a value in the row's unit.
func (r row) number(value float64) string {
	places := digits(r.Unit)
	if r.Unit == millis && value >= 10 {
		places = 0
	}
	return strconv.FormatFloat(value, 'f', places, 64)
}

// measured is the median with the least and the most.
func (r row) measured() string {
	if r.Missing != "" {
		return "—"
	}
	text := withUnit(r.number(r.value()), r.Unit)
	if len(r.Rounds) > 1 {
		text += fmt.Sprintf(" (%s–%s)", r.number(slices.Min(r.Rounds)), r.number(slices.Max(r.Rounds)))
	}
	return text
}

func withUnit(number, unit string) string {
	if unit == "" {
		return number
	}
	return number + " " + unit
}

// must is the goal in words.
func (r row) must() string {
	if r.Goal.sign == "" {
		return "—"
	}
	return r.Goal.sign + " " + withUnit(strconv.FormatFloat(r.Goal.bound, 'f', -1, 64), r.Unit)
}

// verdict tells whether the goal is reached.
func (r row) verdict() string {
	switch {
	case r.Missing != "":
		return "—"
	case r.Flaw != "":
		return "**no**: " + r.Flaw
	case r.Goal.sign == "":
		return "—"
	case r.Goal.reached(r.value()):
		return "yes"
	default:
		return "**no**"
	}
}

// note is what stands beside the number.
func (r row) note() string {
	if r.Missing != "" {
		return r.Missing
	}
	return r.Beside
}

// thousands writes a whole number with commas.
func thousands(value float64) string {
	text := strconv.FormatFloat(value, 'f', 0, 64)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
