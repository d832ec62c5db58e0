-- Takes a beginning back that was refused elsewhere.
local r = load()
if not r then return { 'missing' } end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], r.head.ref)
redis.call('ZREM', KEYS[3], r.head.ref)
redis.call('ZREM', KEYS[4], member(r.head))
redis.call('SREM', KEYS[5], r.head.ref)
return { 'ok' }
