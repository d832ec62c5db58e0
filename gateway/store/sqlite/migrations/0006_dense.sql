-- What lies scattered costs the writer a page for each row. Here little does.

-- Idempotency keys in the order of their requests, and their answers in that of the same ids. An id is not used twice.
CREATE TABLE keys (
	id          INTEGER PRIMARY KEY,
	key         BLOB    NOT NULL, -- the first 16 bytes of what the key is in hexadecimal; anything else as it is
	fingerprint BLOB    NOT NULL,
	reference   TEXT    NOT NULL,
	lease_until INTEGER NOT NULL,
	keep_until  INTEGER NOT NULL
) STRICT;

CREATE TABLE answers (
	id           INTEGER PRIMARY KEY, -- of the key
	status       INTEGER NOT NULL,
	content_type TEXT    NOT NULL,
	body         BLOB
) STRICT;

INSERT INTO keys (id, key, fingerprint, reference, lease_until, keep_until)
	SELECT row_number() OVER (ORDER BY keep_until, key), coalesce(unhex(substr(key, 1, 32)), CAST(key AS BLOB)),
		fingerprint, reference, lease_until, keep_until
	FROM idempotency;
CREATE UNIQUE INDEX keys_by_key ON keys (key);
INSERT INTO answers (id, status, content_type, body)
	SELECT k.id, i.status, ifnull(i.content_type, ''), i.body
	FROM idempotency i JOIN keys k ON k.key = coalesce(unhex(substr(i.key, 1, 32)), CAST(i.key AS BLOB))
	WHERE i.status IS NOT NULL ORDER BY k.id;
DROP TABLE idempotency;

-- How far limits are used, one row for each person or whoever else they bear on.
CREATE TABLE memories (
	who        TEXT    PRIMARY KEY,
	windows    BLOB    NOT NULL,
	expires_at INTEGER NOT NULL  -- nothing in it counts from then on
) STRICT, WITHOUT ROWID;
