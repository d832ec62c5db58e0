package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// lag is how long after an event it is taken in at the latest.
const lag = time.Hour

// place is where an event stands.
type place struct {
	id     string // of an entry in the stream of its app
	before int    // how many events of the entry come before it
	app    string
	ref    otp.Reference
	number int64 // among the events of its verification
}

// spot is where a page ends. Of many apps two can have entries with one id: they are told in the order of the apps'
// names.
type spot struct {
	id   string
	left int // events of the entry that are still to come, the oldest ones; 0: none
	app  string
}

func (p place) spot() spot { return spot{p.id, p.before, p.app} }

// cursor names the place for the next page.
func (p place) cursor(q otp.Query) string {
	cursor := p.id
	if p.before > 0 {
		cursor += "." + strconv.Itoa(p.before)
	}
	if q.App != "" {
		return cursor
	}
	return cursor + "-" + p.app
}

// Ids of a stream are milliseconds and a number.
var cursorOfEvents = regexp.MustCompile(`^([0-9]{1,19}-[0-9]{1,19})(?:\.([1-9][0-9]{0,5}))?(?:-(.{1,64}))?$`)

// spotOf reads a cursor.
func spotOf(cursor string) (spot, bool) {
	if cursor == "" {
		return spot{}, true
	}
	parts := cursorOfEvents.FindStringSubmatch(cursor)
	if parts == nil {
		return spot{}, false
	}
	left, _ := strconv.Atoi(parts[2]) // of digits, or nothing
	return spot{parts[1], left, parts[3]}, true
}

// entriesAtOnce is how many entries of a stream are read at once. One has the events of up to a bite of verifications.
const entriesAtOnce = 32

// places are the next places behind the one given, the newest first, and whether there may be more behind them.
func (h *History) places(
	ctx context.Context, apps []string, q otp.Query, behind spot,
) (all []place, more bool, err error) {
	newest := "+"
	if !q.Until.IsZero() && q.Until.Add(lag).Before(time.Now()) {
		newest = strconv.FormatInt(q.Until.Add(lag).UnixMilli(), 10)
	}
	var horizon string // beyond which some app was not looked at
	for _, app := range apps {
		end, left := behind.end(app, newest)
		found, err := h.Client.XRevRangeN(ctx, h.stream(app), end, "-", entriesAtOnce).Result()
		if err != nil {
			return nil, false, err
		}
		for _, m := range found {
			entry, err := placesOf(app, m)
			if err != nil {
				return nil, false, err
			}
			if m.ID == behind.id {
				entry = entry[max(0, len(entry)-left):]
			}
			all = append(all, entry...)
		}
		if len(found) == entriesAtOnce && (horizon == "" || compareIDs(found[len(found)-1].ID, horizon) > 0) {
			horizon = found[len(found)-1].ID
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return compareIDs(b.id, a.id) })
	if horizon != "" {
		beyond := slices.IndexFunc(all, func(p place) bool { return compareIDs(p.id, horizon) < 0 })
		if beyond >= 0 {
			all = all[:beyond]
		}
	}
	return all[:min(len(all), stride)], horizon != "" || len(all) > stride, nil
}

// end is where an app goes on, and how many events of that entry are still to come.
func (s spot) end(app, newest string) (end string, left int) {
	switch {
	case s.id == "":
		return newest, 0
	case s.app != "" && app > s.app:
		return s.id, math.MaxInt
	case s.left > 0 && (s.app == "" || app == s.app):
		return s.id, s.left
	}
	return "(" + s.id, 0
}

var errStream = errors.New("the stream of events is damaged")

// placesOf are the places of an entry, the newest first. An entry names verifications, and of each the number of its
// first event and how many there are.
func placesOf(app string, m redis.XMessage) ([]place, error) {
	text, _ := m.Values["events"].(string)
	words := strings.Fields(text)
	if len(words) == 0 || len(words)%3 != 0 {
		return nil, fmt.Errorf("%w: its entry %s", errStream, m.ID)
	}
	var places []place
	for of := range slices.Chunk(words, 3) {
		number, err := strconv.ParseUint(of[1], 10, 31)
		n, errN := strconv.ParseUint(of[2], 10, 16)
		if err != nil || errN != nil || n == 0 {
			return nil, fmt.Errorf("%w: its entry %s", errStream, m.ID)
		}
		for k := range int64(n) {
			places = append(places, place{m.ID, len(places), app, otp.Reference(of[0]), int64(number) + k})
		}
	}
	slices.Reverse(places)
	return places, nil
}

// compareIDs compares ids of a stream, which are milliseconds and a number.
func compareIDs(a, b string) int {
	aTime, aNumber, _ := strings.Cut(a, "-")
	bTime, bNumber, _ := strings.Cut(b, "-")
	if c := compareNumbers(aTime, bTime); c != 0 {
		return c
	}
	return compareNumbers(aNumber, bNumber)
}

func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
