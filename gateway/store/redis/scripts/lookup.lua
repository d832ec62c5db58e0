-- The newest verification that has a delivery of this upstream id; none: the report is parked for one that may come
-- yet.
-- KEYS: references, parked reports. ARGV: 1 the report, 2 how long to keep it
local refs = redis.call('ZREVRANGE', KEYS[1], 0, 0)
if refs[1] then return { 'ok', refs[1] } end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return { 'parked' }
