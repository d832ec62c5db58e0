-- Counts a guess, and one in the window of the person's wrong guesses.
-- ARGV: 4 app, 5 to, 6 purpose, 7 the check, 8 begin of the window's key, 9 its limit, 10 slot, 11 oldest, 12 keep
local checks_kept = 50 -- as the rules have it

local r = load()
if not r then return { 'missing' } end
local head = r.head
if not matches(head, ARGV[4], ARGV[5], ARGV[6]) or standing(head) ~= 'pending' then
  return { 'refused', r.text, 0, 0 }
end
local window = failures(ARGV[8], r)
if window then
  local used, first, left = level(window, tonumber(ARGV[11]))
  if used >= tonumber(ARGV[9]) then return { 'refused', r.text, used, first } end
  count(window, ARGV[10], ARGV[12], left)
end
head.attempts = (head.attempts or 0) + 1
local checks = list(r.checks)
checks[#checks + 1] = cjson.decode(ARGV[7])[1]
while #checks > checks_kept do table.remove(checks, 1) end
r.checks = line(checks)
return { 'ok', save(r, 'pending') }
