-- Forgets which verifications changed, but for those that have changed since.
-- KEYS: 1 changes of the shard, then the verifications. ARGV: reference and version of each
for i = 2, #KEYS do
  local text = redis.call('GET', KEYS[i]) or ''
  if string.sub(text, 1, 15) .. #text == ARGV[2 * i - 2] then redis.call('SREM', KEYS[1], ARGV[2 * i - 3]) end
end
return { 'ok' }
