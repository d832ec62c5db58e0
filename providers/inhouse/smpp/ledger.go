package smpp

import (
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// What is remembered while receipts are awaited. Who has a code for ten minutes asks little of a receipt after a day.
const (
	maxAwaited = 100_000        // messages
	maxEarly   = 10_000         // receipts
	earlyFor   = time.Minute    // how long a receipt waits for the response that it may have overtaken
	awaitedFor = 24 * time.Hour // how long a message waits for its receipt
)

// ledger brings receipts together with the messages that they are for. Both may come first. A receipt whose message
// does not follow is told of by its id: it may be for a message of before a restart or a reload, which others remember.
type ledger struct {
	notation string // of ids in receipts: idsSame, idsDecimal or idsHex

	mu      sync.Mutex
	report  func(transport.Report)               // nil: nobody listens
	awaited *simplelru.LRU[string, *sentMessage] // by the id of each part
	early   *simplelru.LRU[string, pdu.Receipt]  // by id
}

// sentMessage is a message that the SMSC has taken.
type sentMessage struct {
	reference string
	id        string // of the first part
	open      int    // parts without a receipt
	at        time.Time
}

func newLedger(notation string) *ledger {
	l := &ledger{notation: notation}
	l.awaited, _ = simplelru.NewLRU[string, *sentMessage](maxAwaited, nil) // fails for sizes below 1 only
	l.early, _ = simplelru.NewLRU[string, pdu.Receipt](maxEarly, nil)
	return l
}

func (l *ledger) listen(f func(transport.Report)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report = f
}

func (l *ledger) listens() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.report != nil
}

// sent takes down a message by the ids of its parts, and hands on the receipts that were here before it.
func (l *ledger) sent(reference string, ids []string) {
	l.mu.Lock()
	report := l.report
	var reports []transport.Report
	if report != nil {
		m := &sentMessage{reference: reference, id: l.name(ids[0]), open: len(ids), at: time.Now()}
		for _, id := range ids {
			reports = append(reports, l.await(l.inReceipts(id), m)...)
		}
	}
	l.mu.Unlock()
	for _, r := range reports {
		report(r)
	}
}

// await takes down one part, or settles it if its receipt is here.
func (l *ledger) await(key string, m *sentMessage) []transport.Report {
	if key == "" {
		return nil
	}
	l.awaited.Add(key, m)
	receipt, ok := l.early.Get(key)
	if !ok {
		return nil
	}
	l.early.Remove(key)
	return l.settle(key, m, receipt)
}

// heard takes what the SMSC delivers. What is no receipt is for nobody here.
func (l *ledger) heard(message *pdu.Message) {
	receipt, ok := message.Receipt()
	if !ok {
		return
	}
	l.mu.Lock()
	report := l.report
	var reports []transport.Report
	if key := canonical(receipt.ID); report != nil && key != "" {
		if m, ok := l.awaited.Get(key); ok && time.Since(m.at) <= awaitedFor {
			reports = l.settle(key, m, receipt)
		} else {
			l.hold(key, receipt)
		}
	}
	l.mu.Unlock()
	for _, r := range reports {
		report(r)
	}
}

// hold keeps a receipt for the response that may follow it. A final one is not lost to one that was late on its way.
func (l *ledger) hold(key string, receipt pdu.Receipt) {
	before, held := l.early.Get(key)
	if held && final(state(before.State)) {
		return
	}
	l.early.Add(key, receipt)
	if !held {
		time.AfterFunc(earlyFor, func() { l.giveUp(key) })
	}
}

// giveUp tells of a receipt whose message did not follow. Which other parts the message has, nobody here knows.
func (l *ledger) giveUp(key string) {
	l.mu.Lock()
	receipt, held := l.early.Get(key)
	l.early.Remove(key)
	report := l.report
	l.mu.Unlock()
	if held {
		report(transport.Report{ID: l.toldName(receipt.ID), State: state(receipt.State), Code: words(receipt)})
	}
}

// settle makes of the receipt of one part what is to be said of its message: it has arrived when all of its parts have,
// and will not when one has not.
func (l *ledger) settle(key string, m *sentMessage, receipt pdu.Receipt) []transport.Report {
	what := state(receipt.State)
	if final(what) {
		l.awaited.Remove(key)
		if m.open == 0 {
			return nil // it is known that the message did not arrive
		}
		m.open--
		if what == providers.DeliveryDelivered && m.open > 0 {
			return nil
		}
		m.open = 0
	}
	return []transport.Report{{Reference: m.reference, ID: m.id, State: what, Code: words(receipt)}}
}

// words are the SMSC's own.
func words(r pdu.Receipt) string { return strings.TrimSpace(r.Stat + " " + r.Err) }

func state(s pdu.State) providers.DeliveryState {
	switch s {
	case pdu.Delivered:
		return providers.DeliveryDelivered
	case pdu.Expired, pdu.Deleted, pdu.Undeliverable, pdu.Rejected:
		return providers.DeliveryUndelivered
	case pdu.Enroute, pdu.Accepted:
		return providers.DeliverySent
	default:
		return ""
	}
}

func final(s providers.DeliveryState) bool {
	return s == providers.DeliveryDelivered || s == providers.DeliveryUndelivered
}

// name is what a message is called: the id that the SMSC gave, or that number as receipts write it where they write it
// in another way. So a receipt alone tells the name.
func (l *ledger) name(given string) string {
	if l.notation == idsSame {
		return given
	}
	return l.inReceipts(given)
}

// toldName is the name of the message that a receipt is for.
func (l *ledger) toldName(inReceipt string) string {
	if l.notation == idsSame {
		return inReceipt
	}
	return canonical(inReceipt)
}

// inReceipts is the id as receipts will name it. Some SMSCs give a hexadecimal number and speak of it in decimal, or
// the other way round.
func (l *ledger) inReceipts(id string) string {
	from, to := 0, 0
	switch l.notation {
	case idsDecimal:
		from, to = 16, 10
	case idsHex:
		from, to = 10, 16
	default:
		return canonical(id)
	}
	n, ok := new(big.Int).SetString(id, from)
	if !ok {
		return canonical(id)
	}
	return canonical(n.Text(to))
}

// canonical makes ids equal that differ in case or in zeros in front, which vendors do not take seriously.
func canonical(id string) string {
	if short := strings.TrimLeft(id, "0"); short != "" {
		return strings.ToLower(short)
	}
	return id
}
