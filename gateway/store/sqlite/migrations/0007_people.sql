-- What the gateway knows of a person lies together: how far limits are used, in the row with the reference '', and the
-- person's verifications after it. Whoever else limits bear on, such as an app, has the former alone.
CREATE TABLE people (
	who        TEXT    NOT NULL,
	reference  TEXT    NOT NULL, -- of a verification; empty: the row of the limits
	windows    BLOB,
	expires_at INTEGER,          -- nothing in the windows counts from then on
	PRIMARY KEY (who, reference)
) STRICT, WITHOUT ROWID;

INSERT INTO people (who, reference, windows, expires_at)
	SELECT who, '', windows, expires_at FROM memories
	UNION ALL SELECT recipient, reference, NULL, NULL FROM verifications
	ORDER BY 1, 2;
DROP TABLE memories;
DROP INDEX verifications_by_recipient;
