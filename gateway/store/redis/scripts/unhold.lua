-- Gives an idempotency key back to the entry that was replaced, or sets it free. KEYS: the entry. ARGV: 1 now,
-- 2 reference of who gives it back, 3... the entry that was replaced: fingerprint, reference, lease, keep
if redis.call('HGET', KEYS[1], 'reference') ~= ARGV[2] then return { 'gone' } end
redis.call('DEL', KEYS[1])
if ARGV[3] and tonumber(ARGV[6]) > tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[3], 'reference', ARGV[4], 'lease', ARGV[5], 'keep', ARGV[6])
  redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[6]) - tonumber(ARGV[1]))
end
return { 'ok' }
