package sqlite

import (
	"cmp"
	"context"
)

// search is how a page is put together of the answers to several questions, which each lead from the newest place to
// the oldest.
type search[P cmp.Ordered, T any] struct {
	width  int // of a row
	read   func(row []any) (item T, found bool, err error)
	limit  int
	enough func(rows int) bool // whether a page that has seen so many rows ends, full or not
}

// part is a page, and the place that it has come to when it is not the last.
type part[P cmp.Ordered, T any] struct {
	items []T
	place P
	more  bool
}

// page goes along the answers together, so that places come in one order.
func (s search[P, T]) page(ctx context.Context, c *conn, questions []*question) (p part[P, T], err error) {
	walks, err := s.begin(ctx, c, questions)
	for rows := 0; err == nil; rows++ {
		w := newest(walks)
		if w == nil {
			p.more = false
			break
		}
		// An item that stands in two answers is taken once.
		isNew := w.found && (len(p.items) == 0 || w.place != p.place)
		if p.more = rows > 0; p.more && (isNew && len(p.items) == s.limit || s.enough(rows)) {
			break
		}
		if isNew {
			p.items = append(p.items, w.item)
		}
		p.place = w.place
		err = s.step(ctx, w)
	}
	for _, w := range walks {
		w.answer.finalize()
	}
	return p, c.fail(err)
}

// walk goes along the answer to one question. A row tells its place and then what stands there. Where that is nothing,
// the row tells only how far the question has come.
type walk[P cmp.Ordered, T any] struct {
	answer *statement
	row    []any
	place  P
	item   T
	found  bool // there is an item at the place
	over   bool
}

// begin brings a walk to the first row of each answer. Those that have begun are returned with an error too.
func (s search[P, T]) begin(ctx context.Context, c *conn, questions []*question) ([]*walk[P, T], error) {
	walks := make([]*walk[P, T], 0, len(questions))
	for _, question := range questions {
		answer, err := c.open(question)
		if err != nil {
			return walks, err
		}
		w := &walk[P, T]{answer: answer, row: make([]any, s.width)}
		walks = append(walks, w)
		if err := s.step(ctx, w); err != nil {
			return walks, err
		}
	}
	return walks, nil
}

func (s search[P, T]) step(ctx context.Context, w *walk[P, T]) error {
	more, err := w.answer.readFor(ctx, w.row)
	if w.over = !more; w.over || err != nil {
		return err
	}
	w.place, _ = w.row[0].(P)
	if w.found = w.row[1] != nil; w.found {
		w.item, w.found, err = s.read(w.row)
	}
	return err
}

// newest is the walk that comes next; nil: all are over. Of two at one place it is one with an item: whoever has passed
// a place has seen what stands there.
func newest[P cmp.Ordered, T any](walks []*walk[P, T]) *walk[P, T] {
	var best *walk[P, T]
	for _, w := range walks {
		if !w.over && (best == nil || w.place > best.place || w.place == best.place && w.found) {
			best = w
		}
	}
	return best
}
