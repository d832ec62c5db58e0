-- Takes an idempotency key, unless another request has it. KEYS: the entry. ARGV: 1 now, 2 fingerprint, 3 reference,
-- 4 end of the lease, 5 end of the entry. Returns the entry that was met or replaced.
local have = redis.call('HMGET', KEYS[1], 'fingerprint', 'reference', 'lease', 'keep', 'status', 'type', 'body')
local now = tonumber(ARGV[1])
if have[1] and now < tonumber(have[4]) and
    (have[1] ~= ARGV[2] or have[5] or now < tonumber(have[3])) then
  return { 'met', have }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[2], 'reference', ARGV[3], 'lease', ARGV[4], 'keep', ARGV[5])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[5]) - now)
return { 'ok', have }
