-- Counts a guess: in the window of the person's wrong guesses, and at the verification. A gateway that knows the
-- verification has run the rules and judged the guess already; what it makes of that holds for the version it knows alone.
-- KEYS[5]: the person's windows, where the version is known and they are limited. ARGV: 4 version that is known (empty:
-- none), 5 now, 6 app, 7 address, 8 purpose (both empty: any), 9 the guess, 10 begin of the key of the person's windows
-- (empty: no limit), 11... what put needs (the text is empty: nothing ends, the guess is added), 14 the claim
local text = redis.call('GET', KEYS[1])
if not text then return { 'missing' } end
local known, windows = string.sub(text, 1, 15) .. #text == ARGV[4], KEYS[5]
if not known then
  if ARGV[11] ~= '' then return { 'moved', text } end
  local layout, status, ends, attempts, allowed, size, app, to, purpose, person, at = string.match(text,
    '^(%d+) %x+ (%a+) (%d+) (%d+) (%d+) %d+ (%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n()')
  if layout ~= '2' then
    error('a stored verification has version ' .. string.match(text, '^%w*') .. '; this gateway reads version 2')
  end
  local _, more = string.gsub(string.sub(text, at + size + 1), '\n', '')
  if app ~= ARGV[6] or (ARGV[7] ~= '' and to ~= ARGV[7]) or (ARGV[8] ~= '' and purpose ~= ARGV[8]) or
      status ~= 'pending' or tonumber(ARGV[5]) >= tonumber(ends) or attempts + more >= tonumber(allowed) then
    return { 'refused', text, 0, 0 }
  end
  windows = ARGV[10] .. person
end
if ARGV[10] ~= '' then
  local free, levels = limit(windows, 14)
  if not free then return { 'refused', text, levels[1], levels[2] } end
end
if ARGV[11] ~= '' then
  put(11)
else
  redis.call('APPEND', KEYS[1], ARGV[9])
  note(text, #text + #ARGV[9])
end
if known then return { 'ok' } end
return { 'counted', text }
