-- What every step on a verification has in common (record.go tells how one stands in Redis):
--   KEYS: 1 the verification, 2 timers, 3 ends (both of the shard), 4 open verifications of the person, 5 what happened, of the shard
--   ARGV: 1 its reference, 2 retention in milliseconds, 3 whether changes are noted

-- What all verifications of a shard share lives as long as the one that lives longest, and up to an hour more, so that
-- not each of them has to say so.
local function outlive(ttl, key, another)
  if redis.call('PTTL', key) >= ttl then return end
  redis.call('PEXPIRE', key, ttl + 3600000)
  if another then redis.call('PEXPIRE', another, ttl + 3600000) end
end

local function note()
  if ARGV[3] == '1' then redis.call('XADD', KEYS[5], '*', 'r', ARGV[1]) end
end

-- When the next step of a fallback is due; empty: as before, '-': none is left.
local function timer(due, ttl)
  if due == '-' then
    redis.call('ZREM', KEYS[2], ARGV[1])
  elseif due ~= '' then
    redis.call('ZADD', KEYS[2], due, ARGV[1])
    outlive(ttl, KEYS[2])
  end
end

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
    redis.call('ZREM', KEYS[4], ARGV[1])
  else
    redis.call('SET', KEYS[1], ARGV[a], 'KEEPTTL')
    if ARGV[a + 1] ~= '' then redis.call('ZADD', KEYS[3], 'XX', ARGV[a + 1], ARGV[1]) end
  end
  timer(ARGV[a + 2], ttl)
  note()
end
