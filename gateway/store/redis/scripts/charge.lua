-- Counts events in a window that many people share, each caller's as long as it is not used up. KEYS: the window. ARGV:
-- 1 the limit, 2 slot of now, 3 the oldest slot that counts, 4 how long to keep the window, 5... events of each caller
--
-- Such a window is a hash: number of the slot of time -> events in it (docs/adr/0004). It is as busy as all gateways
-- together, so it also keeps what its slots hold together ('sum'), the oldest of them ('first'), and from which slot on
-- that was added up ('from'): the slots are added up when the oldest has left the window, and not for each event.
local key, limit, slot, oldest = KEYS[1], tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

-- How many events there is room for, whoever comes first first.
local function room(used)
  local more = 0
  for i = 5, #ARGV do
    if used + more >= limit then break end
    more = more + ARGV[i]
  end
  return more
end

local function answer(used, first) return { used < limit and 'ok' or 'full', { used, first } } end

local have = redis.call('HMGET', key, 'from', 'sum', 'first', slot)
if have[1] and tonumber(have[1]) >= oldest then
  local used = tonumber(have[2])
  local more = room(used)
  if more > 0 then redis.call('HSET', key, slot, (have[4] or 0) + more, 'sum', used + more) end
  return answer(used, tonumber(have[3]))
end

local flat, used, first, left = redis.call('HGETALL', key), 0, 0, {}
for i = 1, #flat, 2 do
  local at = tonumber(flat[i])
  if at and at < oldest then
    left[#left + 1] = flat[i]
  elseif at then
    used = used + flat[i + 1]
    if first == 0 or at < first then first = at end
  end
end
local more = room(used)
if more > 0 then
  if #left > 0 then redis.call('HDEL', key, unpack(left)) end
  redis.call('HSET', key, slot, (have[4] or 0) + more, 'sum', used + more, 'from', oldest,
    'first', first > 0 and first or slot)
  redis.call('PEXPIRE', key, ARGV[4])
end
return answer(used, first)
