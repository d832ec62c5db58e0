-- Bounds how many reports are parked: returns where the oldest stand that are too many.
-- KEYS: all that are parked. ARGV: 1 how many may be, 2 how long to keep them, 3... where each stands
for i = 3, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local surplus = redis.call('LLEN', KEYS[1]) - tonumber(ARGV[1])
if surplus <= 0 then return { 'ok', {} } end
return { 'ok', redis.call('LPOP', KEYS[1], surplus) }
