-- Adds events to a slot.
local function add(slots, slot, more)
  if slots == '' then return ' ' .. slot .. ' ' .. more end
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
