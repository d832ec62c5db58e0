package routing

import (
	"math"
	"slices"
)

// contender is an entry that can serve a request, before it has a place.
type contender struct {
	entry  *entry
	seen   int // index of its vitals, so that these need not live on the heap
	reason Reason
	rank   [2]float64 // the lower comes first; the second number decides between equals
}

// standing is 0 for one that may be asked at once, and more for those that come after.
func (c *contender) standing() int {
	switch c.reason {
	case FailedBefore:
		return 1
	case CoolingDown:
		return 2
	default:
		return 0
	}
}

// order puts the contenders in the order of the route's strategy; those that failed before come after the others, and
// those that cool down last. u, between 0 and 1, decides what is left to chance.
func (r *route) order(field []contender, seen []vitals, country string, u float64) {
	switch r.Strategy {
	case Weighted:
		draw(field, u)
		explain(field, ByWeight)
	case Cheapest:
		rankByPrice(field, country)
		arrange(field)
		explain(field, ByPrice)
	case Best:
		rankByVerified(field, seen)
		arrange(field)
		explain(field, ByVerified)
		explore(field, u)
	case Priority:
	}
	for i := range field {
		field[i].rank = [2]float64{float64(field[i].standing())}
	}
	arrange(field)
}

// arrange sorts by rank. Equal ones keep their order. They are few, so it sorts by insertion.
func arrange(field []contender) {
	for i := 1; i < len(field); i++ {
		to := i
		for to > 0 && slices.Compare(field[i].rank[:], field[to-1].rank[:]) < 0 {
			to--
		}
		toFront(field[to:], i-to)
	}
}

// toFront moves the contender at i to the front and keeps the order of the others.
func toFront(field []contender, i int) {
	chosen := field[i]
	copy(field[1:i+1], field[:i])
	field[0] = chosen
}

func explain(field []contender, reason Reason) {
	for i := range field {
		if field[i].standing() == 0 {
			field[i].reason = reason
		}
	}
}

// draw orders by chance: at each place, every one of the rest stands with a probability in proportion to its weight.
// One number serves for all places: the part of it that a choice used up is stretched for the next. If nobody has a
// weight all weigh the same; else those without are not drawn and stay at the end, as listed.
func draw(field []contender, u float64) {
	total := 0
	for i := range field {
		total += field[i].entry.weight
	}
	alike := total == 0
	if alike {
		total = len(field)
	}
	for ; total > 0; field = field[1:] {
		at := u * float64(total)
		chosen, below, weight := 0, 0, 0
		for i := range field {
			w := field[i].weight(alike)
			if w == 0 {
				continue
			}
			chosen, below, weight = i, below+weight, w
			if at < float64(below+weight) {
				break
			}
		}
		total -= weight
		u = min((at-float64(below))/float64(weight), math.Nextafter(1, 0))
		toFront(field, chosen)
	}
}

func (c *contender) weight(alike bool) int {
	if alike {
		return 1
	}
	return c.entry.weight
}

// rankByPrice puts the cheapest first. Only prices in the currency of the first that has one are compared; what is in
// another, or unknown, comes last. Equal prices stay as listed.
func rankByPrice(field []contender, country string) {
	currency := ""
	for i := range field {
		field[i].rank = [2]float64{math.Inf(1)}
		price, known := field[i].entry.prices.in(country)
		if known && currency == "" {
			currency = price.Currency
		}
		if known && price.Currency == currency {
			field[i].rank[0] = price.Amount
		}
	}
}

// rankByVerified puts the best share first. Shares closer together than chance can tell are equal, and the faster
// provider goes first; one whose speed is not known is taken to be slow. Those with too few codes to tell come after,
// as listed.
func rankByVerified(field []contender, seen []vitals) {
	for i := range field {
		v := &seen[field[i].seen]
		switch {
		case v.quality.Total < qualityLeast:
			field[i].rank = [2]float64{1}
		case v.typical == 0:
			field[i].rank = [2]float64{v.quality.grade(), math.Inf(1)}
		default:
			field[i].rank = [2]float64{v.quality.grade(), float64(v.typical)}
		}
	}
}

// grade is 0 or less: the lower the better. Shares that chance cannot tell apart have the same.
func (q *Quality) grade() float64 { return -math.Round(q.share() / qualityGrain) }

// explore gives a small share of the requests to one that does not lead, each of them in its turn: only so is noticed
// that one has become better.
func explore(field []contender, u float64) {
	if len(field) < 2 || u >= exploredShare {
		return
	}
	i := 1 + int(u/exploredShare*float64(len(field)-1))
	toFront(field, i)
	if field[0].standing() == 0 {
		field[0].reason = ByExploring
	}
}

// chanceOf turns a key into a number between 0 and 1, the same everywhere and always.
func chanceOf(app, key string) float64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, s := range [...]string{app, "\x00", key} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
	}
	h ^= h >> 33 // FNV spreads its last bytes badly into the high bits
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return fraction(h)
}

// chanceAt is the number for the turn-th request without a key. The golden ratio's multiples fill the span from 0 to 1
// so evenly that every part of it gets its share of any run of turns, to within a few.
func chanceAt(turn uint64) float64 { return fraction(turn * 0x9e3779b97f4a7c15) }

// fraction reads n as a number of at least 0 and less than 1.
func fraction(n uint64) float64 { return float64(n>>11) / (1 << 53) }
