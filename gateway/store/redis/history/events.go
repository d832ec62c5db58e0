package history

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Events implements [otp.History].
func (h *History) Events(ctx context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	if q.Reference != "" {
		return h.eventsAt(ctx, q)
	}
	from, ok := spotOf(q.Cursor)
	if !ok || q.App != "" && from.app != "" {
		return otp.Page[otp.Event]{}, badCursor()
	}
	apps, err := h.named(ctx, q.App)
	if err != nil {
		return otp.Page[otp.Event]{}, err
	}
	var page otp.Page[otp.Event]
	for seen := 0; ; {
		places, more, err := h.places(ctx, apps, q, from)
		if err != nil {
			return otp.Page[otp.Event]{}, err
		}
		events, err := h.read(ctx, places)
		if err != nil {
			return otp.Page[otp.Event]{}, err
		}
		if events, err = h.filter(ctx, q, events); err != nil {
			return otp.Page[otp.Event]{}, err
		}
		for i, e := range events {
			if e == nil {
				continue
			}
			if e.At.Before(q.From.Add(-lag)) {
				return page, nil
			}
			if !tells(q, *e) {
				continue
			}
			if page.Items = append(page.Items, *e); len(page.Items) == q.Limit {
				if more || i < len(places)-1 {
					page.Next = places[i].cursor(q)
				}
				return page, nil
			}
		}
		if !more {
			return page, nil
		}
		last := places[len(places)-1]
		if from, seen = last.spot(), seen+len(places); seen >= sight {
			page.Next = last.cursor(q)
			return page, nil
		}
	}
}

// read returns the events at places; nil stands for one that is forgotten.
func (h *History) read(ctx context.Context, places []place) ([]*otp.Event, error) {
	texts := map[string]*redis.StringCmd{}
	_, err := h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, at := range places {
			if key := h.told(at.app, at.ref); texts[key] == nil {
				texts[key] = p.Get(ctx, key)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	lines := make(map[string][]string, len(texts))
	for key, text := range texts {
		lines[key] = eventsOf(text.Val())
	}
	events := make([]*otp.Event, len(places))
	for i, at := range places {
		all := lines[h.told(at.app, at.ref)]
		if at.number >= int64(len(all)) {
			continue
		}
		e, err := otp.DecodeEvent([]byte(all[at.number]))
		if err != nil {
			return nil, err
		}
		events[i] = &e
	}
	return events, nil
}

// filter takes out the events of verifications that are not those asked for.
func (h *History) filter(ctx context.Context, q otp.Query, events []*otp.Event) ([]*otp.Event, error) {
	if len(q.Metadata) == 0 && q.To == "" {
		return events, nil
	}
	var refs []otp.Reference
	for _, e := range events {
		if e != nil && !slices.Contains(refs, e.Reference) {
			refs = append(refs, e.Reference)
		}
	}
	found, err := h.Source.Records(ctx, refs)
	if err != nil {
		return nil, err
	}
	fit := map[otp.Reference]bool{}
	for _, v := range found {
		fit[v.Reference] = has(v, q.Metadata) && (q.To == "" || v.To.Address() == q.To)
	}
	for i, e := range events {
		if e != nil && !fit[e.Reference] {
			events[i] = nil
		}
	}
	return events, nil
}

func tells(q otp.Query, e otp.Event) bool {
	return (q.Event == "" || e.Kind == q.Event) && (q.Status == "" || e.Status == q.Status) &&
		(q.Channel == "" || e.Channel == q.Channel) && (q.Provider == "" || e.Provider == q.Provider) &&
		(q.Country == "" || e.To.Country() == q.Country) && (q.Purpose == "" || e.Purpose == q.Purpose) &&
		within(q, e.At)
}

// eventsAt returns events of one verification. The cursor is the number of the event before which it goes on.
func (h *History) eventsAt(ctx context.Context, q otp.Query) (otp.Page[otp.Event], error) {
	var page otp.Page[otp.Event]
	end := math.MaxInt
	if q.Cursor != "" {
		n, err := strconv.ParseUint(q.Cursor, 10, 31)
		if err != nil {
			return page, badCursor()
		}
		end = int(n)
	}
	app := q.App
	if app == "" {
		found, err := h.Source.Records(ctx, []otp.Reference{q.Reference})
		if err != nil || len(found) == 0 {
			return page, err
		}
		app = found[0].App
	}
	text, err := h.Client.Get(ctx, h.told(app, q.Reference)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return page, err
	}
	texts := eventsOf(text)
	texts = texts[:min(end, len(texts))]
	events := make([]*otp.Event, len(texts))
	for i, text := range texts {
		e, err := otp.DecodeEvent([]byte(text))
		if err != nil {
			return page, err
		}
		events[i] = &e
	}
	if events, err = h.filter(ctx, q, events); err != nil {
		return page, err
	}
	for i, e := range slices.Backward(events) {
		if e == nil || !tells(q, *e) {
			continue
		}
		if page.Items = append(page.Items, *e); len(page.Items) == q.Limit {
			if i > 0 {
				page.Next = strconv.Itoa(i)
			}
			break
		}
	}
	return page, nil
}
