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
