package sqlite

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Events implements [otp.History].
func (h *History) Events(ctx context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	var page otp.Page[otp.Event]
	after, err := afterEvent(q.Cursor)
	if err != nil {
		return page, err
	}
	err = h.pages.use(ctx, func(c *conn) error {
		s := search[int64, otp.Event]{width: 12, read: readEvent, limit: q.Limit, enough: h.enough()}
		if q.Reference != "" {
			s.enough = func(int) bool { return false } // one verification has few
		}
		return c.snapshot(func() error {
			questions, err := eventQuestions(c, q, after)
			if err != nil {
				return err
			}
			part, err := s.page(ctx, c, questions)
			page.Items = part.items
			if part.more && part.place > 0 { // ids begin with 1
				page.Next = newCursor(eventCursor, strconv.FormatInt(part.place, 10))
			}
			return err
		})
	})
	return page, err
}

func readEvent(row []any) (e otp.Event, found bool, err error) {
	var text [11]string
	for i := range text {
		text[i], _ = row[i].(string)
	}
	at, _ := row[3].(int64)
	e = otp.Event{
		Reference: otp.Reference(text[1]), App: text[2], At: time.UnixMilli(at).UTC(), Kind: otp.EventKind(text[4]),
		Status: otp.Status(text[5]), Channel: providers.Channel(text[6]), Provider: text[7],
		To: recipientOf(text[9], text[8]), Purpose: text[10],
	}
	detail, _ := row[11].([]byte)
	err = otp.DecodeDetail(detail, &e)
	if e.Delivery != nil {
		e.To = e.Delivery.To
	}
	return e, true, err
}

// recipientOf is a recipient by address and country: how it is dialled in its country, events do not keep.
func recipientOf(address, country string) providers.Recipient {
	if strings.Contains(address, "@") {
		return providers.NewEmail(address)
	}
	return providers.NewPhone(address, country, "")
}

// eventQuestions find events. Where few verifications are the recipient's, or have the metadata that is asked for,
// these are gone through for their events.
func eventQuestions(c *conn, q otp.Query, after int64) ([]*question, error) {
	marks := marksOf(q, "kind", "status", "channel", "provider", "country", "purpose")
	switch {
	case q.Reference != "":
		return []*question{storyQuestion(q, after)}, nil
	case q.To != "":
		n, err := c.number(countRecipient, q.To, int64(few+1))
		if err != nil {
			return nil, err
		}
		if n <= few {
			return []*question{personEventsQuestion(q, after)}, nil
		}
	case len(q.Metadata) == 0 && q.App == "" && marks[0] == "" && q.From.IsZero() && q.Until.IsZero():
		return []*question{everyEventQuestion(q, after)}, nil
	}
	apps, err := eventStretches().apps(c, q.App)
	if err != nil {
		return nil, err
	}
	if len(apps) > manyApps {
		return []*question{everyEventQuestion(q, after)}, nil
	}
	all := make([]*question, 0, len(apps))
	for _, app := range apps {
		q.App = app
		w, err := eventStretches().way(c, q, marks)
		if err != nil {
			return nil, err
		}
		if w.byLabel && w.few {
			all = append(all, labelledEventsQuestion(q, after, w.label))
		} else {
			all = append(all, blocksQuestion(q, after, w.marks))
		}
	}
	return all, nil
}

// eventColumns are those of an event, named e, after its place.
const eventColumns = `e.reference, e.app, e.at, e.kind, e.status, e.channel, e.provider, e.country, e.recipient,
	e.purpose, e.detail`

// storyQuestion goes along the events of one verification.
func storyQuestion(q otp.Query, after int64) *question {
	b := new(question)
	b.add("SELECT e.id, " + eventColumns + " FROM events e INDEXED BY events_by_reference")
	b.add("WHERE e.reference = ?", string(q.Reference))
	b.before("e.id", after)
	b.restOfEvent(q)
	b.add("ORDER BY e.id DESC")
	return b
}

// personEventsQuestion goes along the events of a recipient's verifications, which it gathers first.
func personEventsQuestion(q otp.Query, after int64) *question {
	return gathered(q, after, "people i", "i.who = ? AND i.reference > ''", q.To)
}

// labelledEventsQuestion goes along the events of the verifications that have a label, which it gathers first.
func labelledEventsQuestion(q otp.Query, after int64, l label) *question {
	return gathered(q, after, "labels i", "i.app = ? AND i.name = ? AND i.value = ?", q.App, l.name, l.value)
}

// gathered goes along the events of verifications, of which SQLite sorts the ids first.
func gathered(q otp.Query, after int64, from, which string, args ...any) *question {
	b := new(question)
	b.add("SELECT g.id, " + eventColumns + " FROM")
	b.add("(SELECT s.id FROM " + from)
	b.add("CROSS JOIN events s INDEXED BY events_by_reference ON s.reference = i.reference")
	b.add("WHERE "+which, args...)
	b.before("s.id", after)
	b.add("ORDER BY s.id DESC LIMIT -1) g") // the limit keeps it from sorting all that is read
	b.add("LEFT JOIN events e ON e.id = g.id")
	b.restOfEvent(q)
	b.add("ORDER BY g.id DESC")
	return b
}

// everyEventQuestion goes along the table.
func everyEventQuestion(q otp.Query, after int64) *question {
	b := new(question)
	b.add("SELECT i.id, " + eventColumns + " FROM events i LEFT JOIN events e ON e.id = i.id")
	b.restOfEvent(q)
	b.add("WHERE true")
	b.before("i.id", after)
	b.add("ORDER BY i.id DESC")
	return b
}

// blocksQuestion goes along the blocks of an app that have marks.
func blocksQuestion(q otp.Query, after int64, marks []string) *question {
	s := eventStretches()
	b := new(question)
	b.add("SELECT ifnull(e.id, m.block * ?), "+eventColumns+" FROM event_marks m", int64(blockSize))
	b.add("LEFT JOIN event_blocks b ON b.block = m.block")
	b.add("LEFT JOIN events e ON e.id < (m.block + 1) * ? AND e.id >= ? *", int64(blockSize), int64(blockSize))
	b.add("CASE WHEN true")
	b.blockTimes(q)
	b.met(s, q.App, marks[1:])
	b.add("THEN m.block END")
	b.before("+e.id", after) // + keeps SQLite to the bounds that the block has
	b.restOfEvent(q)
	b.marked(s, q.App, marks)
	if after > 0 {
		b.add("AND m.block <= ?", (after-1)/blockSize)
	}
	b.add("ORDER BY m.block DESC, e.id DESC")
	return b
}

// blockTimes asks that a block, named b, may hold the times that are asked for. One that is not full may hold any.
func (b *question) blockTimes(q otp.Query) {
	if !q.From.IsZero() {
		b.add("AND (b.block IS NULL OR b.last_at >= ?)", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		b.add("AND (b.block IS NULL OR b.first_at < ?)", ceilMillis(q.Until))
	}
}

func (b *question) before(column string, after int64) {
	if after > 0 {
		b.add("AND "+column+" < ?", after)
	}
}

// restOfEvent is all that is asked of an event but its reference.
func (b *question) restOfEvent(q otp.Query) {
	if !q.From.IsZero() {
		b.add("AND e.at >= ?", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		b.add("AND e.at < ?", ceilMillis(q.Until))
	}
	b.is("e.app", q.App)
	b.is("e.kind", string(q.Event))
	b.is("e.status", string(q.Status))
	b.is("e.channel", string(q.Channel))
	b.is("e.provider", q.Provider)
	b.is("e.country", q.Country)
	b.is("e.purpose", q.Purpose)
	b.is("e.recipient", q.To)
	b.labelled("e", q.Metadata)
}
