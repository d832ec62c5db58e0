-- Records a new verification and counts the claims of its shard.
-- KEYS[6...]: windows. ARGV: 4 its text, 5 how long it is kept, 6 until when it may run, 7 timer, 8 its name among the
-- open ones, 9... claims
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'taken' } end
local free, levels = charge(6, 9, level, count)
if not free then return { 'full', levels } end
local ttl = tonumber(ARGV[5])
redis.call('SET', KEYS[1], ARGV[4], 'PX', ttl)
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
outlive(KEYS[3], ttl)
redis.call('ZADD', KEYS[4], 0, ARGV[8])
outlive(KEYS[4], ttl)
timer(ARGV[7], ttl)
note()
return { 'ok', levels }
