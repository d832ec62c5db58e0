-- Sets an idempotency key free, unless somebody else has taken it over. KEYS: the entry. ARGV: 1 reference
local have = redis.call('GET', KEYS[1])
local mine = ARGV[1] .. ' '
if not have or string.sub(have, 1, #mine) ~= mine then return { 'gone' } end
redis.call('DEL', KEYS[1])
return { 'ok' }
