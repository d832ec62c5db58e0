-- Writes down that a verification ran out. ARGV: 4 reference
local r = load()
if not r then
  redis.call('ZREM', KEYS[2], ARGV[4])
  redis.call('ZREM', KEYS[3], ARGV[4])
  return { 'gone' }
end
if r.head.status ~= 'pending' or now < r.head.expires_at then return { 'gone' } end
finish(r, 'expired', r.head.expires_at)
return { 'ok', save(r, 'pending') }
