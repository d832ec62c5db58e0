package routing

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// Plan is the road of a request: whom routing would ask, in order, and whom not, each with the reason.
type Plan struct {
	Matched     bool   // a rule matches; else nobody is asked
	Rule        string // its name
	Line        int    // its place in the configuration file
	Strategy    Strategy
	OnAmbiguous OnAmbiguous
	Deadline    time.Duration // for all tries together
	Places      []Place       // who is asked, in order
	Excluded    []Exclusion   // who is not
	Fallback    []Step        // of the rule
}

// Reason says in a word why a provider stands where it stands in a plan, or why it is left out.
type Reason string

// Why a provider stands where it stands.
const (
	ByOrder      Reason = "order"         // of the rule's list
	ByWeight     Reason = "weight"        // drawn
	ByPrice      Reason = "price"         // cheapest first
	ByVerified   Reason = "verified"      // best share first
	ByExploring  Reason = "exploring"     // its turn, although another one leads
	FailedBefore Reason = "failed_before" // for this verification: asked after the others
	CoolingDown  Reason = "cooling_down"  // asked when it is over, if nobody took the request until then
	EarlyProbe   Reason = "early_probe"   // all breakers are open, and its is the closest to let calls through
)

// Why a provider is left out. What is left out by one of the first five can never serve the request.
const (
	NoChannel   Reason = "channel"
	NoCountry   Reason = "country"
	NoLength    Reason = "length"
	NoAlphabet  Reason = "alphabet"
	NoMessage   Reason = "message"
	SpentBefore Reason = "spent"        // tried for this verification: its answer is unknown
	BreakerOpen Reason = "breaker_open" // until Exclusion.Until
	CoolingLong Reason = "cooling_long" // beyond the deadline, until Exclusion.Until
)

// Place is a provider that is asked.
type Place struct {
	Spot
	Number  int    // in the plan, from 1
	Listed  int    // in the rule's list, from 1
	Reason  Reason // see [Place.Why]
	State   State  // of its breaker
	Limited bool   // its limits are used up now: others are asked first
	CoolTo  time.Time
	Weight  int
	Price   Price
	Priced  bool    // Price is known
	Share   float64 // of its codes that were verified; for Best
	Codes   float64 // that Share is drawn from
	USSD    string  // dial string that shows the code; empty: none
	Wish    providers.CodeWish
	Message string // as passed to it; empty: its own

	entry *entry
}

// Market is where a price holds. The empty country stands for all that have no price of their own, and for e-mail.
type Market struct {
	Channel providers.Channel
	Country string
}

// prices are those of one provider on one channel.
type prices struct {
	usual   Price
	known   bool             // usual is
	differs map[string]Price // by country; nil: nowhere
}

func pricesOn(channel providers.Channel, all map[Market]Price) prices {
	var p prices
	for market, price := range all {
		switch {
		case market.Channel != channel:
		case market.Country == "":
			p.usual, p.known = price, true
		default:
			if p.differs == nil {
				p.differs = map[string]Price{}
			}
			p.differs[market.Country] = price
		}
	}
	return p
}

// in is what a delivery to country costs, if that is known.
func (p *prices) in(country string) (Price, bool) {
	if p.differs != nil {
		if price, ok := p.differs[country]; ok {
			return price, true
		}
	}
	return p.usual, p.known
}

// Price is what one delivery costs.
type Price struct {
	Amount   float64
	Currency string
}

// String is the price as people read it: "0.035 USD".
func (p Price) String() string { return strconv.FormatFloat(p.Amount, 'f', -1, 64) + " " + p.Currency }

// Exclusion is a provider that is not asked.
type Exclusion struct {
	Spot
	Reason Reason
	Why    string    // a sentence for the operator
	Until  time.Time // when it may be asked again; zero: that does not depend on time
}

// Why is the reason as a sentence for the operator.
func (p *Place) Why() string {
	switch p.Reason {
	case ByWeight:
		return "drawn by its weight of " + strconv.Itoa(p.Weight)
	case ByPrice:
		if !p.Priced {
			return "its price is not known: number " + strconv.Itoa(p.Listed) + " of the rule's list"
		}
		return "costs " + p.Price.String()
	case ByVerified:
		if p.Codes < qualityLeast {
			return "too few of its codes were judged to tell: number " + strconv.Itoa(p.Listed) + " of the rule's list"
		}
		return fmt.Sprintf("%.0f %% of its last %.0f codes were verified", 100*p.Share, p.Codes)
	case ByExploring:
		return "its turn in the share that is kept for exploring"
	case FailedBefore:
		return "it failed for this verification before, and is asked after the others"
	case CoolingDown:
		return "it asked to be left alone until " + p.CoolTo.UTC().Format(time.TimeOnly) + " UTC"
	case EarlyProbe:
		return "all breakers are open, and its is the closest to let calls through: it is asked once"
	case ByOrder:
	}
	return "number " + strconv.Itoa(p.Listed) + " of the rule's list"
}

// plan puts the entries of r in order for req. It is a pure function: seen is the health of each entry at now, and u,
// between 0 and 1, decides what is left to chance.
func (r *route) plan(req *Request, entries []entry, seen []vitals, now time.Time, u float64) Plan {
	p := Plan{
		Matched: true, Rule: r.Name, Line: r.Line, Strategy: r.Strategy, OnAmbiguous: r.OnAmbiguous,
		Deadline: r.Deadline, Fallback: r.Fallback,
	}
	probe := r.probe(req, entries, seen, now)
	var room [roomFor]contender
	field := room[:0]
	for i := range entries {
		en, v := &entries[i], &seen[i]
		if reason := r.obstacle(req, en, v, now); reason != "" && i != probe {
			p.Excluded = append(p.Excluded, exclusion(en, v, reason))
			continue
		}
		field = append(field, contender{entry: en, seen: i, reason: reasonOf(req, en, v)})
	}
	r.order(field, seen, req.Send.To.Country(), u)
	if probe >= 0 {
		field[0].reason = EarlyProbe
	}
	p.Places = make([]Place, len(field))
	for i := range field {
		p.Places[i].fill(i+1, &field[i], &seen[field[i].seen], req)
	}
	return p
}

// roomFor is how many candidates a plan orders without asking for memory.
const roomFor = 8

// reasonOf is why an entry stands where it stands before the strategy has its say.
func reasonOf(req *Request, en *entry, v *vitals) Reason {
	switch {
	case !v.cool.IsZero():
		return CoolingDown
	case slices.Contains(req.Failed, en.spot):
		return FailedBefore
	default:
		return ByOrder
	}
}

// probe finds the entry to be asked although its breaker is open: if nobody else can be, the one that is closest to let
// calls through, unless it was asked in that way already. -1: none.
func (r *route) probe(req *Request, entries []entry, seen []vitals, now time.Time) int {
	closest := -1
	for i := range entries {
		reason := r.obstacle(req, &entries[i], &seen[i], now)
		switch {
		case reason == "":
			return -1
		case reason == BreakerOpen && (closest < 0 || seen[i].until.Before(seen[closest].until)):
			closest = i
		}
	}
	if closest >= 0 && seen[closest].probe {
		return closest
	}
	return -1
}

// obstacle is why the entry is left out; empty: it is not.
func (r *route) obstacle(req *Request, en *entry, v *vitals, now time.Time) Reason {
	if reason := en.misfit(req); reason != "" {
		return reason
	}
	switch {
	case slices.Contains(req.Spent, en.spot):
		return SpentBefore
	case v.state == Open:
		return BreakerOpen
	case !v.cool.IsZero() && v.cool.Sub(now) > r.Deadline:
		return CoolingLong
	}
	return ""
}

func exclusion(en *entry, v *vitals, reason Reason) Exclusion {
	x := Exclusion{Spot: en.spot, Reason: reason}
	switch reason {
	case SpentBefore:
		x.Why = "it was tried for this verification and its answer is unknown: a second try might send a second code"
	case BreakerOpen:
		x.Why, x.Until = "its breaker is open after failures", v.until
	case CoolingLong:
		x.Why, x.Until = "it asked to be left alone for longer than this request can wait", v.cool
	default:
		x.Why = en.why.of(reason)
	}
	return x
}

// fill makes p the number-th place and gives it to c.
func (p *Place) fill(number int, c *contender, v *vitals, req *Request) {
	en := c.entry
	p.Spot, p.Number, p.Listed, p.Reason, p.entry = en.spot, number, en.listed, c.reason, en
	p.State, p.Limited, p.CoolTo = v.state, v.limited, v.cool
	p.Weight, p.USSD = en.weight, en.unit.info.USSD
	p.Price, p.Priced = en.prices.in(req.Send.To.Country())
	p.Share, p.Codes = v.quality.share(), v.quality.Total
	p.Wish, p.Message = en.fit(&req.Send)
}
