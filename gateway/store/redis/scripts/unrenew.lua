-- Takes a resend back that was refused elsewhere. ARGV: 4 when it was allowed
local r = load()
if not r then return { 'missing' } end
r.head.resends, r.head.resend_at = math.max(0, (r.head.resends or 0) - 1), tonumber(ARGV[4])
save(r, r.head.status)
return { 'ok' }
