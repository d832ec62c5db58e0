-- Hands out a step of a fallback that is due, and puts it off so that nobody else gets it meanwhile.
-- ARGV: 4 now, 5 until when it is put off
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not due or tonumber(due) > tonumber(ARGV[4]) then return { 'gone' } end
local text = redis.call('GET', KEYS[1])
if not text then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return { 'gone' }
end
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
return { 'ok', text }
