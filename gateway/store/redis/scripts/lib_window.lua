-- A window is a hash: number of the slot of time -> events in it (docs/adr/0004). One that many people share is as busy as
-- all gateways together: it also keeps what its slots hold together ('sum'), the oldest of them ('first'), and from which
-- slot on that was added up ('from').

-- How many events count still, the oldest slot that holds some, and the slots that have left the window.
local function level(key, oldest)
  local flat, used, first, left = redis.call('HGETALL', key), 0, 0, {}
  for i = 1, #flat, 2 do
    local slot, n = tonumber(flat[i]), tonumber(flat[i + 1])
    if slot then
      if slot < oldest then
        left[#left + 1] = flat[i]
      else
        used = used + n
        if first == 0 or slot < first then first = slot end
      end
    end
  end
  return used, first, left
end

local function count(key, slot, keep, left)
  if #left > 0 then redis.call('HDEL', key, unpack(left)) end
  redis.call('HINCRBY', key, slot, 1)
  redis.call('PEXPIRE', key, keep)
end

local function uncount(key, slot)
  local have = redis.call('HMGET', key, slot, 'sum')
  local n = tonumber(have[1] or 0)
  if n < 1 then return end
  if n > 1 then
    redis.call('HINCRBY', key, slot, -1)
  else
    redis.call('HDEL', key, slot)
  end
  if have[2] then redis.call('HINCRBY', key, 'sum', -1) end
end

-- Counts one event in each window from KEYS[k] on, or in none of them when one is used up. Each has four arguments from
-- ARGV[a] on: the limit, the slot of now, the oldest slot that counts, how long to keep it. Returns whether it counted,
-- and for each window what was used before and the oldest slot of that.
local function charge(k, a, level, count)
  local levels, lefts, free = {}, {}, true
  for i = 0, #KEYS - k do
    local used, first, left = level(KEYS[k + i], tonumber(ARGV[a + 4 * i + 2]))
    levels[2 * i + 1], levels[2 * i + 2], lefts[i] = used, first, left
    free = free and used < tonumber(ARGV[a + 4 * i])
  end
  if free then
    for i = 0, #KEYS - k do count(KEYS[k + i], ARGV[a + 4 * i + 1], ARGV[a + 4 * i + 3], lefts[i]) end
  end
  return free, levels
end
