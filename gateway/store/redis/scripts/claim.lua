-- Hands out a step of a fallback that is due, and puts it off so that nobody else gets it meanwhile. What has ended is
-- forgotten. ARGV: 4 reference, 5 until when it is put off
local due = redis.call('ZSCORE', KEYS[2], ARGV[4])
if not due or tonumber(due) > now then return { 'gone' } end
local r = load()
if not r or standing(r.head) ~= 'pending' or r.steps == '' then
  redis.call('ZREM', KEYS[2], ARGV[4])
  return { 'gone' }
end
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
return { 'ok', r.text }
