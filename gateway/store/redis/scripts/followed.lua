-- Forgets that a verification changed, unless it has changed since.
-- KEYS: record, changes of the shard. ARGV: 1 reference, 2 digest of the record as it was followed
local record = redis.call('GET', KEYS[1])
if not record or redis.sha1hex(record) == ARGV[2] then redis.call('SREM', KEYS[2], ARGV[1]) end
return { 'ok' }
