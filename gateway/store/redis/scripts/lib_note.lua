-- What every step on a verification has in common (record.go tells how one stands in Redis):
--   KEYS: 1 the verification; of its shard: 2 timers, 3 ends, 4 what happened
--   ARGV: 1 its reference, 2 retention in milliseconds, 3 whether changes are noted

-- What all verifications of a shard share lives as long as the one that lives longest, and up to an hour more, so that
-- not each of them has to say so.
local function outlive(ttl, key, another)
  if redis.call('PTTL', key) >= ttl then return end
  redis.call('PEXPIRE', key, ttl + 3600000)
  if another then redis.call('PEXPIRE', another, ttl + 3600000) end
end

-- Notes which version the verification has now: text, of so many bytes. No two entries are alike.
local function note(text, size)
  if ARGV[3] == '1' then redis.call('RPUSH', KEYS[4], ARGV[1] .. ' ' .. string.sub(text, 1, 15) .. size) end
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
