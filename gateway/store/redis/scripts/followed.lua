-- Forgets which verifications changed, but for those that have changed since.
-- KEYS: 1 changes of the shard, then the verifications. ARGV: reference and version of each
for i = 2, #KEYS do
  local version = redis.call('GETRANGE', KEYS[i], 0, 14) .. redis.call('STRLEN', KEYS[i])
  if version == ARGV[2 * i - 2] then redis.call('SREM', KEYS[1], ARGV[2 * i - 3]) end
end
return { 'ok' }
