-- Takes events back from a window that many people share. KEYS: the window. ARGV: 1 their slot, 2 how many
local n = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
local less = math.min(n, ARGV[2])
if less == 0 then return { 'ok' } end
if less < n then
  redis.call('HSET', KEYS[1], ARGV[1], n - less)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
redis.call('HINCRBY', KEYS[1], 'sum', -less)
return { 'ok' }
