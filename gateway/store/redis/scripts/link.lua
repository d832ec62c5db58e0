-- Notes that a verification has a delivery of this upstream id, and returns the reports that came before it.
-- KEYS: references, parked reports. ARGV: 1 reference, 2 how long to keep it
redis.call('ZADD', KEYS[1], 0, ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return { 'ok', redis.call('LRANGE', KEYS[2], 0, -1) }
