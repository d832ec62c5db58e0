-- The windows of a person stand in one string, each in a line: a line end, its name, a tab, and for each slot of time that
-- holds events the number of the slot and of the events, each behind a space (docs/adr/0004).

-- All lines but that of one window, what counts in that one still, how many events those are, and the oldest slot.
local function cut(text, name, oldest)
  local from, to = string.find(text, '\n' .. name .. '\t', 1, true)
  if not from then return text, '', 0, 0 end
  local stop = string.find(text, '\n', to + 1, true) or #text + 1
  local slots, used, first = '', 0, 0
  for slot, n in string.gmatch(string.sub(text, to + 1, stop - 1), '(%d+) (%d+)') do
    if tonumber(slot) >= oldest then
      if used == 0 or tonumber(slot) < first then first = tonumber(slot) end
      slots, used = slots .. ' ' .. slot .. ' ' .. n, used + n
    end
  end
  return string.sub(text, 1, from - 1) .. string.sub(text, stop), slots, used, first
end

-- Adds events to a slot.
local function add(slots, slot, more)
  local found = false
  local new = string.gsub(slots, '(%d+) (%d+)', function(at, n)
    if at == slot then
      found = true
      return at .. ' ' .. (n + more)
    end
  end)
  return found and new or slots .. ' ' .. slot .. ' ' .. more
end

-- Counts events in each window, or in none of them when one is used up. ARGV has six arguments for each from a on: its
-- name, the limit, the slot of now, the oldest slot that counts, how long to keep it, how many events (0 of the first: it is
-- only looked whether there is room). Returns whether they counted, and for each window what was used before and the
-- oldest slot of that.
local function limit(key, a)
  local text = redis.call('GET', key)
  local lines, levels, free, keep = text or '', {}, true, text and redis.call('PTTL', key) or 0
  for i = a, #ARGV, 6 do
    local slots, used, first
    lines, slots, used, first = cut(lines, ARGV[i], tonumber(ARGV[i + 3]))
    lines = lines .. '\n' .. ARGV[i] .. '\t' .. add(slots, ARGV[i + 2], ARGV[i + 5])
    levels[#levels + 1], levels[#levels + 2] = used, first
    free = free and used < tonumber(ARGV[i + 1])
    keep = math.max(keep, tonumber(ARGV[i + 4]))
  end
  if free and ARGV[a + 5] ~= '0' then redis.call('SET', key, lines, 'PX', keep) end
  return free, levels
end

-- Takes events back. ARGV has three arguments for each window from a on: name, slot, how many.
local function unlimit(key, a)
  local lines = redis.call('GET', key)
  if not lines then return end
  for i = a, #ARGV, 3 do
    local slots, left
    lines, slots = cut(lines, ARGV[i], 0)
    left = string.gsub(slots, ' (%d+) (%d+)', function(at, n)
      if at ~= ARGV[i + 1] then return end
      return tonumber(n) > tonumber(ARGV[i + 2]) and ' ' .. at .. ' ' .. (n - ARGV[i + 2]) or ''
    end)
    if left ~= '' then lines = lines .. '\n' .. ARGV[i] .. '\t' .. left end
  end
  redis.call('SET', key, lines, 'KEEPTTL')
end
