-- What providers told of deliveries that are not known yet. The ids grow, so the oldest rows have the smallest.
CREATE TABLE parked (
	id          INTEGER PRIMARY KEY,
	provider    TEXT    NOT NULL,
	upstream_id TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	reason      TEXT    NOT NULL,
	at          INTEGER NOT NULL, -- by the upstream's clock; 0: not told
	kept_until  INTEGER NOT NULL
) STRICT;

CREATE INDEX parked_by_upstream ON parked (provider, upstream_id);
CREATE INDEX parked_by_end ON parked (kept_until);
