-- Ends a verification for the one who finds it open, or notes a judgement that does not end it.
-- ARGV: 4 app, 5 to, 6 purpose, 7 status, 8 check, 9 provider, 10 ids whose codes are dead, 11 begin of the window's
-- key, 12 size of its slots
local r = load()
if not r then return { 'missing' } end
local head, status = r.head, ARGV[7]
local refused = { 'refused', r.text, 0, 0 }
if not matches(head, ARGV[4], ARGV[5], ARGV[6]) then return refused end
if status == 'canceled' then
  if head.status == 'canceled' then return { 'ok', r.text } end
  local seen = standing(head)
  if seen == 'verified' or seen == 'expired' then return refused end
end
if head.status ~= 'pending' then return refused end
bury(r, ARGV[10])
local checks = list(r.checks)
local c = check(checks, ARGV[8])
if c then
  c.provider = ARGV[9] ~= '' and ARGV[9] or nil
  if status == 'verified' then c.outcome = 'verified' end
  r.checks = line(checks)
end
if status ~= 'pending' then finish(r, status, now) end
local text = save(r, 'pending') -- first: it fails when the memory is full, and then nothing has been given back
local window = failures(ARGV[11], r)
if c and status == 'verified' and window then uncount(window, slotof(c.at, tonumber(ARGV[12]))) end
return { 'ok', text }
