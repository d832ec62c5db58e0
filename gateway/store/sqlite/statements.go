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

	selectMemory = `SELECT windows FROM people WHERE who = ? AND reference = ''`
	saveMemory   = `INSERT INTO people (who, reference, windows, expires_at) VALUES (?, '', ?, ?)
		ON CONFLICT DO UPDATE SET windows = excluded.windows, expires_at = excluded.expires_at`

	insertPerson = `INSERT INTO people (who, reference) VALUES (?, ?)`
	// Of a damaged record nothing but the reference is known.
	deletePerson = `DELETE FROM people
		WHERE reference = ? AND who = (SELECT recipient FROM verifications WHERE reference = ?)`

	selectKey = `SELECT k.id, k.fingerprint, k.reference, k.lease_until, k.keep_until, a.status, a.content_type, a.body
		FROM keys k LEFT JOIN answers a ON a.id = k.id WHERE k.key = ?`
	lastKey = `SELECT max(ifnull((SELECT max(id) FROM keys), 0), ifnull((SELECT max(id) FROM answers), 0))`
	saveKey = `INSERT OR REPLACE INTO keys (id, key, fingerprint, reference, lease_until, keep_until)
		VALUES (?, ?, ?, ?, ?, ?)`
	saveAnswer = `INSERT INTO answers (id, status, content_type, body) VALUES (?, ?, ?, ?)`
	deleteKey  = `DELETE FROM keys WHERE id = ?`
)
