package otp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads a Go duration, and besides whole days: "90s", "10m", "24h", "30d".
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a duration: write such as 30s, 10m, 24h or 30d", s)
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write such as 30s, 10m, 24h or 30d", s)
	}
	return d, nil
}

// FormatDuration writes d in the largest unit that divides it: "90s", "10m", "24h", "30d"; what no unit divides as Go does.
func FormatDuration(d time.Duration) string { return string(appendDuration(make([]byte, 0, 32), d)) }

func appendDuration(b []byte, d time.Duration) []byte {
	switch {
	case d >= 2*day && d%day == 0:
		return append(strconv.AppendInt(b, int64(d/day), 10), 'd')
	case d >= time.Hour && d%time.Hour == 0:
		return append(strconv.AppendInt(b, int64(d/time.Hour), 10), 'h')
	case d >= time.Minute && d%time.Minute == 0:
		return append(strconv.AppendInt(b, int64(d/time.Minute), 10), 'm')
	case d%time.Second == 0:
		return append(strconv.AppendInt(b, int64(d/time.Second), 10), 's')
	}
	return append(b, d.String()...)
}
