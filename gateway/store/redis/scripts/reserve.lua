-- Counts a guess, and one in the window of the person's wrong guesses.
-- ARGV: 4 now, 5 app, 6 address, 7 purpose (empty: any), 8 the guess, 9 begin of the key of the person's windows
-- (empty: no limit), 10 the claim
local text = redis.call('GET', KEYS[1])
if not text then return { 'missing' } end
local layout, status, ends, attempts, allowed, size, app, to, purpose, person, at = string.match(text,
  '^(%d+) %x+ (%a+) (%d+) (%d+) (%d+) %d+ (%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n()')
if layout ~= '2' then
  error('a stored verification has version ' .. string.match(text, '^%w*') .. '; this gateway reads version 2')
end
local refused = { 'refused', text, 0, 0 }
local _, more = string.gsub(string.sub(text, at + size + 1), '\n', '')
if app ~= ARGV[5] or (ARGV[6] ~= '' and to ~= ARGV[6]) or (ARGV[7] ~= '' and purpose ~= ARGV[7]) or
    status ~= 'pending' or tonumber(ARGV[4]) >= tonumber(ends) or attempts + more >= tonumber(allowed) then
  return refused
end
if ARGV[9] ~= '' then
  local free, levels = limit(ARGV[9] .. person, 10)
  if not free then return { 'refused', text, levels[1], levels[2] } end
end
redis.call('APPEND', KEYS[1], ARGV[8])
note()
return { 'ok', text }
