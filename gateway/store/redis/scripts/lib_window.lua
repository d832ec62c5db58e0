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
