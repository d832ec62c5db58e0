package sqlite

// The statements of the verbs. Each is prepared once for a connection.
const (
	selectRecord = `SELECT record FROM verifications WHERE reference = ?`

	// Of verifications that share an upstream's id, the newest: references sort by time.
	selectByUpstream = `SELECT v.record FROM upstreams u JOIN verifications v USING (reference)
		WHERE u.provider = ? AND u.upstream_id = ? ORDER BY u.reference DESC LIMIT 1`

	insertVerification = `INSERT INTO verifications
		(reference, app, status, channel, provider, country, recipient, purpose, created_at, expires_at, ended_at, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateVerification = `UPDATE verifications SET channel = ?, provider = ?, record = ? WHERE reference = ?`
	endVerification    = `UPDATE verifications
		SET channel = ?, provider = ?, record = ?, status = ?, expires_at = ?, ended_at = ? WHERE reference = ?`
	deleteVerification = `DELETE FROM verifications WHERE reference = ?`

	insertUpstream = `INSERT INTO upstreams (provider, upstream_id, reference) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	deleteUpstream = `DELETE FROM upstreams WHERE provider = ? AND upstream_id = ? AND reference = ?`

	selectWindow = `SELECT counts FROM windows WHERE key = ?`
	saveWindow   = `INSERT INTO windows (key, counts, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET counts = excluded.counts, expires_at = excluded.expires_at`

	selectKey = `SELECT fingerprint, reference, lease_until, keep_until, status, content_type, body
		FROM idempotency WHERE key = ?`
	saveKey = `INSERT OR REPLACE INTO idempotency (key, fingerprint, reference, lease_until, keep_until)
		VALUES (?, ?, ?, ?, ?)`
	answerKey = `UPDATE idempotency SET status = ?, content_type = ?, body = ? WHERE key = ?`
	deleteKey = `DELETE FROM idempotency WHERE key = ?`
)
