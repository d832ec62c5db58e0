package sqlite

import (
	"context"
	"database/sql/driver"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// Events implements [otp.History].
func (h *History) Events(ctx context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	after, err := afterEvent(q.Cursor)
	if err != nil {
		return otp.Page[otp.Event]{}, err
	}
	var page otp.Page[otp.Event]
	err = h.pool.use(ctx, func(c *conn) error {
		return c.snapshot(func() error {
			few, err := fewOf(c, q)
			if err != nil {
				return err
			}
			page, err = eventPage(ctx, c, eventQuestion(q, after, few), q.Limit)
			return err
		})
	})
	return page, err
}

func eventPage(ctx context.Context, c *conn, question *question, limit int) (otp.Page[otp.Event], error) {
	var page otp.Page[otp.Event]
	var row [12]driver.Value
	var last int64
	var damaged error
	err := c.ask(ctx, question, row[:], func() bool {
		if len(page.Items) == limit {
			page.Next = newCursor(eventCursor, strconv.FormatInt(last, 10))
			return false
		}
		var e otp.Event
		if last, e, damaged = readEvent(row[:]); damaged != nil {
			return false
		}
		page.Items = append(page.Items, e)
		return true
	})
	if err == nil {
		err = damaged
	}
	return page, err
}

func readEvent(row []driver.Value) (id int64, e otp.Event, err error) {
	id, _ = row[0].(int64)
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
	return id, e, err
}

// recipientOf is a recipient by address and country: how it is dialled in its country, events do not keep.
func recipientOf(address, country string) providers.Recipient {
	if strings.Contains(address, "@") {
		return providers.NewEmail(address)
	}
	return providers.NewPhone(address, country, "")
}

// few is how many verifications are gone through one by one for their events. Of more, some are found soon among all.
const few = 1000

// fewOf tells whether few verifications are the recipient's, or have the metadata, that is asked for.
func fewOf(c *conn, q otp.Query) (bool, error) {
	var n int64
	var err error
	switch {
	case q.To != "":
		n, err = c.number(`SELECT count(*) FROM (SELECT 1 FROM verifications WHERE recipient = ? LIMIT ?)`,
			q.To, int64(few+1))
	case q.App != "" && len(q.Metadata) > 0:
		name := slices.Min(slices.Collect(maps.Keys(q.Metadata)))
		n, err = c.number(`SELECT count(*) FROM (SELECT 1 FROM labels WHERE app = ? AND name = ? AND value = ? LIMIT ?)`,
			q.App, name, q.Metadata[name], int64(few+1))
	default:
		return false, nil
	}
	return n <= few, err
}

func eventQuestion(q otp.Query, after int64, few bool) *question {
	b := new(question)
	b.add(`SELECT e.id, e.reference, e.app, e.at, e.kind, e.status, e.channel, e.provider, e.country, e.recipient,
		e.purpose, e.detail FROM`)
	id, order := "e.id", "ORDER BY e.id DESC"
	switch {
	case q.Reference != "":
		b.add("events e INDEXED BY events_by_reference WHERE e.reference = ?", string(q.Reference))
	case few && q.To != "":
		b.add("verifications v INDEXED BY verifications_by_recipient")
		b.add("CROSS JOIN events e INDEXED BY events_by_reference ON e.reference = v.reference WHERE v.recipient = ?", q.To)
	case few:
		name := slices.Min(slices.Collect(maps.Keys(q.Metadata)))
		b.add("labels l CROSS JOIN events e INDEXED BY events_by_reference ON e.reference = l.reference")
		b.add("WHERE l.app = ? AND l.name = ? AND l.value = ?", q.App, name, q.Metadata[name])
	case q.App != "":
		b.blocks(q, after)
		id, order = "+e.id", "ORDER BY m.block DESC, e.id DESC" // + keeps SQLite to the bounds that the block has
	default:
		b.add("events e WHERE true")
	}
	if after > 0 {
		b.add("AND "+id+" < ?", after)
	}
	b.restOfEvent(q)
	b.add(order)
	return b
}

// blocks lets the marks of all that is asked for lead to the events.
func (b *question) blocks(q otp.Query, after int64) {
	var marks []string
	for _, m := range []mark{
		{field: "kind", value: string(q.Event)}, {field: "status", value: string(q.Status)},
		{field: "channel", value: string(q.Channel)}, {field: "provider", value: q.Provider},
		{field: "country", value: q.Country}, {field: "purpose", value: q.Purpose},
	} {
		if m.value != "" {
			marks = append(marks, m.text())
		}
	}
	b.add("event_marks m")
	b.add("LEFT JOIN event_blocks b ON b.block = m.block")
	b.add("CROSS JOIN events e ON e.id >= m.block * ? AND e.id < (m.block + 1) * ?", int64(blockSize), int64(blockSize))
	b.marked("event_marks", "block", q.App, marks)
	if after > 0 {
		b.add("AND m.block <= ?", after/blockSize)
	}
	if !q.From.IsZero() {
		b.add("AND (b.block IS NULL OR b.last_at >= ?)", ceilMillis(q.From))
	}
	if !q.Until.IsZero() {
		b.add("AND (b.block IS NULL OR b.first_at < ?)", ceilMillis(q.Until))
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
