-- Puts an entry in the place of another one, if that still stands there. KEYS: the entry. ARGV: 1 the old one, 2 the new
-- one (empty: none), 3 how long it is kept
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'gone' } end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return { 'ok' }
