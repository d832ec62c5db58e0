-- When the next step of a fallback is due. A claim puts the time off by its lease.
CREATE TABLE timers (
	reference TEXT    PRIMARY KEY,
	due_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX timers_by_due ON timers (due_at);

-- The verified shares of providers, so that a restart does not forget them.
CREATE TABLE quality (
	provider TEXT    NOT NULL,
	channel  TEXT    NOT NULL,
	country  TEXT    NOT NULL,
	verified REAL    NOT NULL,
	total    REAL    NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (provider, channel, country)
) STRICT, WITHOUT ROWID;
