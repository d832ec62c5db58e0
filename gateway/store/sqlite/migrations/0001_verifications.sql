-- Times are Unix milliseconds. What the columns of verifications say stands in the record too: they are there to be
-- searched by.

CREATE TABLE verifications (
	reference  TEXT    PRIMARY KEY,
	app        TEXT    NOT NULL,
	status     TEXT    NOT NULL,
	channel    TEXT    NOT NULL,
	provider   TEXT    NOT NULL, -- of the newest delivery; empty: none yet
	country    TEXT    NOT NULL, -- of a number; empty for an e-mail address
	recipient  TEXT    NOT NULL,
	purpose    TEXT    NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	ended_at   INTEGER,          -- null: pending
	record     BLOB    NOT NULL
) STRICT;

-- Serves the sweep: what is pending and too old, what ended long ago.
CREATE INDEX verifications_by_end ON verifications (ended_at, expires_at);

-- What providers call their deliveries.
CREATE TABLE upstreams (
	provider    TEXT NOT NULL,
	upstream_id TEXT NOT NULL,
	reference   TEXT NOT NULL,
	PRIMARY KEY (provider, upstream_id, reference)
) STRICT, WITHOUT ROWID;

CREATE TABLE windows (
	key        TEXT    PRIMARY KEY,
	counts     BLOB    NOT NULL,
	expires_at INTEGER NOT NULL  -- nothing in it counts from then on
) STRICT, WITHOUT ROWID;


CREATE TABLE idempotency (
	key          TEXT    PRIMARY KEY,
	fingerprint  BLOB    NOT NULL,
	reference    TEXT    NOT NULL,
	lease_until  INTEGER NOT NULL,
	keep_until   INTEGER NOT NULL,
	status       INTEGER,         -- of the answer; null: unfinished
	content_type TEXT,
	body         BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_keep ON idempotency (keep_until);
