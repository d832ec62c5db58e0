-- Records a new verification and counts the claims of its shard.
-- KEYS[6...]: windows. ARGV: 4 the record, 5... claims
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'taken' } end
local free, levels = charge(6, 5)
if not free then return { 'full', levels } end
local head = parse(ARGV[4]).head
local ttl = math.max(0, head.expires_at - now) + retention
redis.call('SET', KEYS[1], ARGV[4], 'PX', ttl)
redis.call('ZADD', KEYS[3], head.expires_at, head.ref)
outlive(KEYS[3], ttl)
redis.call('ZADD', KEYS[4], 0, member(head))
outlive(KEYS[4], ttl)
if head.next_at then timer(head, ttl) end
note(head)
return { 'ok', levels }
