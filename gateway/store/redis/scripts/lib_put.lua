-- What stands there instead of the version that is to be replaced; nothing: it is the one.
local function moved(version)
  local text = redis.call('GET', KEYS[1])
  if not text then return { 'missing' } end
  if string.sub(text, 1, 15) .. #text ~= version then return { 'moved', text } end
end

-- Replaces a verification. ARGV, from a on: its new text, until when it may run (empty: as before, '-': it has ended), timer
local function put(a)
  local ttl = tonumber(ARGV[2])
  if ARGV[a + 1] == '-' then
    redis.call('SET', KEYS[1], ARGV[a], 'PX', ARGV[2])
    redis.call('ZREM', KEYS[3], ARGV[1])
  else
    redis.call('SET', KEYS[1], ARGV[a], 'KEEPTTL')
    if ARGV[a + 1] ~= '' then redis.call('ZADD', KEYS[3], 'XX', ARGV[a + 1], ARGV[1]) end
  end
  timer(ARGV[a + 2], ttl)
  note(ARGV[a], #ARGV[a])
end
