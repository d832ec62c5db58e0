-- Gives a guess back, once.
-- ARGV: 4 check, 5 outcome, 6 ids whose codes are dead, 7 begin of the window's key, 8 size of its slots
local r = load()
if not r then return { 'missing' } end
bury(r, ARGV[6])
local checks = list(r.checks)
local c = check(checks, ARGV[4])
local counted = c and c.counted
if counted then
  c.counted, c.outcome = nil, ARGV[5]
  r.head.attempts = r.head.attempts - 1
  r.checks = line(checks)
end
local text = save(r, r.head.status) -- first: it fails when the memory is full, and then nothing has been given back
local window = failures(ARGV[7], r)
if counted and window then uncount(window, slotof(c.at, tonumber(ARGV[8]))) end
return { 'ok', text }
