-- Takes a beginning back that was refused elsewhere. ARGV: 4 its name among the open ones
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[4])
redis.call('SREM', KEYS[5], ARGV[1])
return { 'ok' }
