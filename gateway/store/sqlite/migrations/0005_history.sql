-- What happened to verifications, in the order in which it was written down: ids only grow.
CREATE TABLE events (
	id        INTEGER PRIMARY KEY,
	reference TEXT    NOT NULL,
	app       TEXT    NOT NULL,
	at        INTEGER NOT NULL,
	kind      TEXT    NOT NULL,
	status    TEXT    NOT NULL, -- of the verification after the event
	channel   TEXT    NOT NULL,
	provider  TEXT    NOT NULL, -- that the event names; empty: none
	country   TEXT    NOT NULL,
	recipient TEXT    NOT NULL, -- the first of the verification
	purpose   TEXT    NOT NULL,
	detail    BLOB              -- of a delivery or a check; null: of neither
) STRICT;

CREATE INDEX events_by_reference ON events (reference);

-- Marks lead to what is asked for, and cost the writer next to nothing: a mark says that there may be something with a
-- value in a stretch of the table, and is written once for a stretch. Events are divided by their ids, 256 each;
-- verifications by the first nine characters of their references, which are 32 milliseconds. The mark '' stands for
-- anything of the app.
CREATE TABLE event_marks (
	app   TEXT    NOT NULL,
	mark  TEXT    NOT NULL, -- such as provider=hubtel-gh
	block INTEGER NOT NULL,
	PRIMARY KEY (app, mark, block)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_marks_by_block ON event_marks (block);

-- The times of a block that is full. One without a row may hold any.
CREATE TABLE event_blocks (
	block    INTEGER PRIMARY KEY,
	first_at INTEGER NOT NULL,
	last_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE verification_marks (
	app   TEXT NOT NULL,
	mark  TEXT NOT NULL,
	slice TEXT NOT NULL,
	PRIMARY KEY (app, mark, slice)
) STRICT, WITHOUT ROWID;

CREATE INDEX verification_marks_by_slice ON verification_marks (slice);

-- The metadata of verifications.
CREATE TABLE labels (
	app       TEXT NOT NULL,
	name      TEXT NOT NULL,
	value     TEXT NOT NULL,
	reference TEXT NOT NULL,
	PRIMARY KEY (app, name, value, reference)
) STRICT, WITHOUT ROWID;

-- Serves too what the index of the pending by recipient did.
CREATE INDEX verifications_by_recipient ON verifications (recipient, reference);
DROP INDEX verifications_pending_by_recipient;
CREATE INDEX verifications_pending ON verifications (reference) WHERE ended_at IS NULL;

-- What was written before there were marks.
INSERT INTO verification_marks (app, mark, slice)
	SELECT app, '', substr(reference, 1, 9) FROM verifications WHERE true
	UNION SELECT app, 'status=' || status, substr(reference, 1, 9) FROM verifications WHERE status <> 'pending'
	UNION SELECT app, 'channel=' || channel, substr(reference, 1, 9) FROM verifications
	UNION SELECT app, 'provider=' || provider, substr(reference, 1, 9) FROM verifications WHERE provider <> ''
	UNION SELECT app, 'country=' || country, substr(reference, 1, 9) FROM verifications WHERE country <> ''
	UNION SELECT app, 'purpose=' || purpose, substr(reference, 1, 9) FROM verifications WHERE purpose <> '';
INSERT OR IGNORE INTO labels (app, name, value, reference)
	SELECT v.app, m.key, m.value, v.reference
	FROM verifications v, json_each(CAST(v.record AS TEXT), '$.metadata') m
	WHERE json_valid(CAST(v.record AS TEXT));

-- What reports are made of: sums by the hour in which verifications began.
CREATE TABLE report_cells (
	app         TEXT    NOT NULL,
	hour        INTEGER NOT NULL, -- its beginning
	country     TEXT    NOT NULL,
	channel     TEXT    NOT NULL,
	provider    TEXT    NOT NULL,
	sends       INTEGER NOT NULL,
	verified    INTEGER NOT NULL,
	expired     INTEGER NOT NULL,
	failed      INTEGER NOT NULL,
	canceled    INTEGER NOT NULL,
	resends     INTEGER NOT NULL,
	checks      INTEGER NOT NULL,
	deliveries  INTEGER NOT NULL,
	taken       INTEGER NOT NULL,
	delivered   INTEGER NOT NULL,
	undelivered INTEGER NOT NULL,
	failovers   INTEGER NOT NULL,
	PRIMARY KEY (app, hour, country, channel, provider)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_costs (
	app      TEXT    NOT NULL,
	hour     INTEGER NOT NULL,
	country  TEXT    NOT NULL,
	channel  TEXT    NOT NULL,
	provider TEXT    NOT NULL,
	currency TEXT    NOT NULL,
	n        INTEGER NOT NULL, -- millionths
	PRIMARY KEY (app, hour, country, channel, provider, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_times (
	app      TEXT    NOT NULL,
	hour     INTEGER NOT NULL,
	country  TEXT    NOT NULL,
	channel  TEXT    NOT NULL,
	provider TEXT    NOT NULL,
	slot     INTEGER NOT NULL, -- of the time to verify
	n        INTEGER NOT NULL,
	PRIMARY KEY (app, hour, country, channel, provider, slot)
) STRICT, WITHOUT ROWID;
