-- Records a new verification and counts the claims of its person.
-- KEYS: 5 the verifications to its address, 6 the person's windows, if there are claims. ARGV: 4 its text, 5 how long it
-- is kept, 6 until when it may run, 7 timer, 8 how long KEYS[5] is kept, 9 below which nothing in there is (empty: not looked
-- at), 10... claims
local ttl = tonumber(ARGV[5])
if not redis.call('SET', KEYS[1], ARGV[4], 'NX', 'PX', ARGV[5]) then return { 'taken' } end
local free, levels = true, {}
if KEYS[6] then free, levels = limit(KEYS[6], 10) end
if not free then
  redis.call('DEL', KEYS[1])
  return { 'full', levels }
end
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
redis.call('ZADD', KEYS[5], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[5], ARGV[8])
if ARGV[9] ~= '' then redis.call('ZREMRANGEBYLEX', KEYS[5], '-', '(' .. ARGV[9]) end
note(ARGV[4], #ARGV[4])
outlive(ttl, KEYS[3], KEYS[4]) -- what happens to a verification happens while it is among the ends, or little later
timer(ARGV[7], ttl)
return { 'ok', levels }
