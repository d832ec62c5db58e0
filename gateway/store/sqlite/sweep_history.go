package sqlite

import (
	"time"
)

const (
	// Events stand in the order in which they were written down, and none happened after that.
	deleteEvents = `DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?) AND at < ?`
	oldestEvent  = `SELECT min(id) FROM events`
	deleteBlocks = `DELETE FROM event_blocks WHERE block IN
		(SELECT block FROM event_blocks WHERE block < ? ORDER BY block LIMIT ?)`
	deleteEventMarks = `DELETE FROM event_marks WHERE (app, mark, block) IN
		(SELECT app, mark, block FROM event_marks WHERE block < ? ORDER BY block LIMIT ?)`
	oldestReference         = `SELECT min(reference) FROM verifications`
	deleteVerificationMarks = `DELETE FROM verification_marks WHERE (app, mark, slice) IN
		(SELECT app, mark, slice FROM verification_marks WHERE slice < ? ORDER BY slice LIMIT ?)`
	nextApp = `SELECT min(app) FROM report_cells WHERE app > ?`
)

// forgetEvents deletes events that happened before the time given.
func forgetEvents(t tx, before time.Time) (bool, error) {
	n, err := t.exec(deleteEvents, int64(sweepBatch), before.UnixMilli())
	return n == sweepBatch, err
}

// forgetBlocks deletes what leads to events that are gone.
func forgetBlocks(t tx) (bool, error) {
	oldest, err := t.oldestBlock()
	if err != nil {
		return false, err
	}
	blocks, err := t.exec(deleteBlocks, oldest, int64(sweepBatch))
	if err != nil {
		return false, err
	}
	marks, err := t.exec(deleteEventMarks, oldest, int64(sweepBatch))
	return blocks == sweepBatch || marks == sweepBatch, err
}

// oldestBlock is the first that holds an event or may get one.
func (t tx) oldestBlock() (int64, error) {
	var row [1]any
	if _, err := t.row(row[:], oldestEvent); err != nil {
		return 0, err
	}
	if id, some := row[0].(int64); some {
		return id / blockSize, nil
	}
	return t.filling.next / blockSize, nil
}

// forgetSlices deletes what leads to verifications that are gone. What is remembered of marks goes with them: a clock
// that was set back would come upon it.
func forgetSlices(t tx) (bool, error) {
	var row [1]any
	if _, err := t.row(row[:], oldestReference); err != nil {
		return false, err
	}
	oldest, some := row[0].(string)
	if !some {
		return false, nil
	}
	n, err := t.exec(deleteVerificationMarks, oldest[:min(len(oldest), sliceLength)], int64(sweepBatch))
	if n > 0 {
		clear(t.marks)
	}
	return n == sweepBatch, err
}

// forgetSums deletes the sums of hours that began before the time given, one hour of one app at a time.
func (s *sweeper) forgetSums(t tx, before time.Time) (bool, error) {
	var row [1]any
	if _, err := t.row(row[:], nextApp, s.counted); err != nil {
		return false, err
	}
	app, more := row[0].(string)
	if !more {
		s.counted = ""
		return false, nil
	}
	deleted := int64(0)
	for _, table := range []string{"report_cells", "report_costs", "report_times"} {
		n, err := t.exec("DELETE FROM "+table+" WHERE app = ?1 AND hour < ?2"+
			" AND hour <= (SELECT min(hour) FROM "+table+" WHERE app = ?1)", app, before.UnixMilli())
		if err != nil {
			return false, err
		}
		deleted += n
	}
	if deleted == 0 {
		s.counted = app
	}
	return true, nil
}
