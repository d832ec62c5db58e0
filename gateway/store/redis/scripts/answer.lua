-- Keeps the answer of a request, or sets its key free. Who was taken over, or was answered before, changes nothing.
-- KEYS: the entry. ARGV: 1 reference, 2 status (empty: free), 3 content type, 4 body
local have = redis.call('HMGET', KEYS[1], 'reference', 'status')
if have[1] ~= ARGV[1] or have[2] then return { 'gone' } end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'status', ARGV[2], 'type', ARGV[3], 'body', ARGV[4])
end
return { 'ok' }
