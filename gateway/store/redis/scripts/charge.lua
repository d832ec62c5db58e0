-- Counts claims that many people share. KEYS: windows. ARGV: claims

-- Its slots are added up when the oldest has left it, and not for each event. A window with nothing in it has no first.
local function known(key, oldest)
  local have = redis.call('HMGET', key, 'from', 'sum', 'first')
  if have[1] and tonumber(have[1]) >= oldest then return tonumber(have[2]), tonumber(have[3]), false end
  local used, first, left = level(key, oldest)
  left.from, left.sum, left.first = oldest, used, first
  return used, first, left
end

local function add(key, slot, keep, left)
  local from = left and string.format('%.0f', left.from)
  if left and redis.call('HGET', key, 'from') ~= from then -- a window may be named twice
    if #left > 0 then redis.call('HDEL', key, unpack(left)) end
    local first = left.first > 0 and string.format('%.0f', left.first) or slot
    redis.call('HSET', key, 'from', from, 'sum', left.sum, 'first', first)
    redis.call('PEXPIRE', key, keep)
  end
  redis.call('HINCRBY', key, slot, 1)
  redis.call('HINCRBY', key, 'sum', 1)
end

local free, levels = charge(1, 1, known, add)
return { free and 'ok' or 'full', levels }
