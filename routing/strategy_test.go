package routing

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// fieldOf makes contenders named a, b, c, … of entries.
func fieldOf(entries []entry) []contender {
	field := make([]contender, len(entries))
	for i := range entries {
		entries[i].spot.Provider = string(rune('a' + i))
		field[i] = contender{entry: &entries[i], seen: i, reason: ByOrder}
	}
	return field
}

func weighted(weights ...int) []contender {
	entries := make([]entry, len(weights))
	for i, w := range weights {
		entries[i].weight = w
	}
	return fieldOf(entries)
}

func orderOf(field []contender) string {
	s := ""
	for _, c := range field {
		s += c.entry.spot.Provider
	}
	return s
}

func TestWeightsAreSharesOfAllSends(t *testing.T) {
	t.Parallel()
	const sends = 10_000
	first, second := map[string]int{}, map[string]int{}
	for turn := range uint64(sends) {
		field := weighted(50, 30, 20)
		draw(field, chanceAt(turn))
		first[orderOf(field[:1])]++
		second[orderOf(field[:2])]++
	}
	for provider, want := range map[string]float64{"a": 0.5, "b": 0.3, "c": 0.2} {
		if got := float64(first[provider]) / sends; math.Abs(got-want) > 0.001 {
			t.Errorf("%s got a share of %.4f, want %.4f", provider, got, want)
		}
	}
	// Where the first fails, the others take its place in proportion to theirs.
	if got, want := float64(second["ab"])/sends, 0.5*30/50; math.Abs(got-want) > 0.002 {
		t.Errorf("b follows a in a share of %.4f, want %.4f", got, want)
	}
}

func TestDraws(t *testing.T) {
	t.Parallel()
	almostOne := math.Nextafter(1, 0)
	tests := []struct {
		rule    string
		weights []int
		u       float64
		want    string
	}{
		{"the lowest number draws the first", []int{1, 1, 2}, 0, "abc"},
		{"the highest draws the last, each time", []int{1, 1, 2}, almostOne, "cba"},
		{"no weight stays at the end, as listed", []int{0, 5, 0, 5}, 0.6, "dbac"},
		{"a single one", []int{7}, almostOne, "a"},
		{"nobody has a weight: all weigh the same", []int{0, 0, 0}, 0.34, "bac"},
		{"nobody has a weight, the highest number", []int{0, 0, 0}, almostOne, "cba"},
		{"nobody at all", nil, 0.5, ""},
	}
	for _, tt := range tests {
		field := weighted(tt.weights...)
		draw(field, tt.u)
		if got := orderOf(field); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got, tt.want)
		}
	}
}

func TestTheSameKeyDrawsTheSameAndKeysDrawByWeight(t *testing.T) {
	t.Parallel()
	change := func(s *Settings) {
		s.Rules[0].Strategy = Weighted
		s.Rules[0].Use[0].Weight, s.Rules[0].Use[1].Weight = 80, 20
	}
	r := newRig(t, nil, change, newFake("a"), newFake("b"))
	other := newRig(t, nil, change, newFake("a"), newFake("b"))
	const keys = 5000
	first := 0
	for i := range keys {
		req := smsRequest()
		req.Key = fmt.Sprintf("order-%d", i)
		place := r.Plan(req).Places[0]
		if place.Spot != other.Plan(req).Places[0].Spot || place.Spot != r.Plan(req).Places[0].Spot {
			t.Fatalf("key %s draws differently", req.Key)
		}
		if place.Reason != ByWeight {
			t.Fatalf("the reason is %s", place.Reason)
		}
		if place.Provider == "a" {
			first++
		}
	}
	if share := float64(first) / keys; math.Abs(share-0.8) > 0.02 {
		t.Errorf("a share of %.3f for a weight of 80", share)
	}
	if chanceOf("shop", "k") == chanceOf("bank", "k") {
		t.Error("two apps' keys draw alike")
	}
}

func TestCheapestFirst(t *testing.T) {
	t.Parallel()
	costs := func(p Price) entry { return entry{prices: prices{usual: p, known: true}} }
	usd := func(a float64) entry { return costs(Price{a, "USD"}) }
	ghs := costs(Price{0.001, "GHS"})
	tests := []struct {
		rule    string
		entries []entry
		want    string
	}{
		{"by price", []entry{usd(0.03), usd(0.01), usd(0.02)}, "bca"},
		{"equal prices as listed", []entry{usd(0.02), usd(0.01), usd(0.01)}, "bca"},
		{"unknown last", []entry{{}, usd(0.02), {}, usd(0.01)}, "dbac"},
		{"another currency last", []entry{usd(0.02), ghs, usd(0.01)}, "cab"},
		{"free is a price", []entry{usd(0.02), usd(0)}, "ba"},
		{"no prices at all", []entry{{}, {}}, "ab"},
		{"in its own country", []entry{usd(0.02), {prices: prices{
			usual: Price{0.01, "USD"}, known: true, differs: map[string]Price{"NG": {0.05, "USD"}},
		}}}, "ab"},
	}
	for _, tt := range tests {
		field := fieldOf(tt.entries)
		r := route{Rule: Rule{Strategy: Cheapest}}
		r.order(field, nil, "NG", 0.7)
		if got := orderOf(field); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got, tt.want)
		}
		if field[0].reason != ByPrice {
			t.Errorf("%s: the reason is %s", tt.rule, field[0].reason)
		}
	}
}

func TestBestFirst(t *testing.T) {
	t.Parallel()
	proven := func(share float64, millis int) vitals {
		return vitals{
			quality: Quality{Verified: 1000 * share, Total: 1000}, typical: time.Duration(millis) * time.Millisecond,
		}
	}
	few := vitals{quality: Quality{Verified: 3, Total: 3}}
	tests := []struct {
		rule string
		seen []vitals
		u    float64
		want string
	}{
		{"by share", []vitals{proven(0.5, 10), proven(0.9, 10), proven(0.7, 10)}, 0.5, "bca"},
		{"shares that chance cannot tell apart: the faster", []vitals{proven(0.900, 30), proven(0.905, 20)}, 0.5, "ba"},
		{"speed not known is slow", []vitals{proven(0.9, 0), proven(0.9, 500)}, 0.5, "ba"},
		{"too few codes prove nothing", []vitals{few, proven(0.3, 10), few}, 0.5, "bac"},
		{"a share of nothing is proven too", []vitals{few, proven(0, 10)}, 0.5, "ba"},
		{"nobody is proven: as listed", []vitals{few, few}, 0.5, "ab"},
		{"the share for exploring, its first half", []vitals{proven(0.9, 1), proven(0.5, 1), proven(0.4, 1)}, 0.02, "bac"},
		{"the share for exploring, its second half", []vitals{proven(0.9, 1), proven(0.5, 1), proven(0.4, 1)}, 0.03, "cab"},
		{"a single one explores nothing", []vitals{few}, 0, "a"},
	}
	for _, tt := range tests {
		field := fieldOf(make([]entry, len(tt.seen)))
		r := route{Rule: Rule{Strategy: Best}}
		r.order(field, tt.seen, "", tt.u)
		if got := orderOf(field); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got, tt.want)
		}
		want := ByVerified
		if tt.u < exploredShare && len(tt.seen) > 1 {
			want = ByExploring
		}
		if field[0].reason != want {
			t.Errorf("%s: the reason is %s, want %s", tt.rule, field[0].reason, want)
		}
	}
}

func TestChanceIsANumberFromZeroToOne(t *testing.T) {
	t.Parallel()
	for _, n := range []uint64{0, 1, math.MaxUint64, 1 << 63} {
		if u := fraction(n); u < 0 || u >= 1 {
			t.Errorf("%d becomes %v", n, u)
		}
	}
}
