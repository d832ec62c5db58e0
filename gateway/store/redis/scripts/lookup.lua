-- The verification that has a delivery of this upstream id; none: the report is parked for one that may come yet.
-- KEYS: its reference, parked reports. ARGV: 1 the report, 2 how long to keep it
local ref = redis.call('GET', KEYS[1])
if ref then return { 'ok', ref } end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return { 'parked' }
