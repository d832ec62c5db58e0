-- Records a new verification and counts the claims of its person.
-- KEYS[6]: the person's windows, if there are claims. ARGV: 4 its text, 5 how long it is kept, 6 until when it may run,
-- 7 timer, 8 how long it is kept who is open, 9... claims
local ttl = tonumber(ARGV[5])
if not redis.call('SET', KEYS[1], ARGV[4], 'NX', 'PX', ARGV[5]) then return { 'taken' } end
local free, levels = true, {}
if KEYS[6] then free, levels = limit(KEYS[6], 9) end
if not free then
  redis.call('DEL', KEYS[1])
  return { 'full', levels }
end
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
redis.call('ZADD', KEYS[4], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[4], ARGV[8])
note()
outlive(ttl, KEYS[3], KEYS[5]) -- what happens to a verification happens while it is among the ends, or little later
timer(ARGV[7], ttl)
return { 'ok', levels }
