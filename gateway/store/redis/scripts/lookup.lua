-- The verification that has a delivery of this upstream id; none: the report is parked for one that may come yet.
-- KEYS: its reference, or parked reports. ARGV: 1 the report, 2 how long to keep it
local have = redis.call('GET', KEYS[1])
if have and not parked(have) then return { 'ok', have } end
redis.call('APPEND', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { 'parked' }
