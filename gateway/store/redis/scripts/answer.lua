-- Keeps the answer of a request, or sets its key free. Who was taken over, or was answered before, changes nothing.
-- KEYS: the entry. ARGV: 1 reference, 2 the answer (empty: free)
local have = redis.call('GET', KEYS[1])
local mine = ARGV[1] .. ' '
if not have or string.sub(have, 1, #mine) ~= mine or string.find(have, '\n', 1, true) then return { 'gone' } end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('APPEND', KEYS[1], ARGV[2])
end
return { 'ok' }
