-- Takes a beginning back that was refused elsewhere. KEYS[5]: the verifications to its address
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return { 'ok' }
