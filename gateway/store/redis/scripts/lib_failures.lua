-- The window of a person's wrong guesses stands beside the person's records. Its key is made here, as only the record
-- tells who the person is; it is always in the slot of the record. begin is the key up to the person; empty: no limit.
local function failures(begin, r)
  return begin ~= '' and begin .. r.head.person
end

-- The slot of a time in nanoseconds. That has more digits than a number holds exactly, so it is divided digit by digit.
local function slotof(nanos, size)
  local slot, rest = 0, 0
  for digit in string.gmatch(nanos, '%d') do
    rest = rest * 10 + tonumber(digit)
    local over = math.fmod(rest, size)
    slot, rest = slot * 10 + (rest - over) / size, over
  end
  return string.format('%.0f', slot)
end
