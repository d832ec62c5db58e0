-- Counts a resend and the claims of the shard.
-- KEYS[6...]: windows. ARGV: 4 app, 5 to, 6 purpose, 7... claims
local r = load()
if not r then return { 'missing' } end
local head = r.head
local resends, at = head.resends or 0, head.resend_at or 0
if not matches(head, ARGV[4], ARGV[5], ARGV[6]) or standing(head) ~= 'pending' or
    resends >= (head.max_resends or 0) or now < at then
  return { 'refused', r.text }
end
local free, levels = charge(6, 7)
if not free then return { 'full', levels } end
head.resends, head.resend_at = resends + 1, now + (head.resend_after or 0)
return { 'ok', levels, save(r, 'pending'), tostring(at) }
