-- Forgets the oldest of the reports that are parked. KEYS: as of lookup
local have = redis.call('GET', KEYS[1])
if not have or not parked(have) then return { 'gone' } end
local left = string.sub(have, string.find(have, '\n', 1, true) + 1)
if left == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], left, 'KEEPTTL')
end
return { 'ok' }
