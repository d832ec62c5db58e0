-- Records deliveries. ARGV: 4 deliveries, 5 ids whose codes are dead, 6 nobody took it, 7 the resend did not happen,
-- 8 whether the fallback changes, 9 its steps, 10 when the first is due
local r = load()
if not r then return { 'missing' } end
local head, was, gone = r.head, r.head.status, {}
local deliveries = list(r.deliveries)

local function place(one)
  for i, have in ipairs(deliveries) do
    if have.id == one.id then
      local id = have.handle.id
      if id and (id ~= one.handle.id or have.provider ~= one.provider) then
        gone[#gone + 1], gone[#gone + 2] = have.provider, id
      end
      deliveries[i] = one
      return
    end
  end
  deliveries[#deliveries + 1] = one
end

for _, one in ipairs(list(ARGV[4])) do
  place(one)
  if one.status == 'sent' then head.channel = one.channel end
end
r.deliveries = line(deliveries)
bury(r, ARGV[5])
if was == 'pending' then
  if ARGV[7] == '1' then
    head.resends, head.resend_at = math.max(0, (head.resends or 0) - 1), now
  end
  if ARGV[8] == '1' then
    r.steps, head.next_at = ARGV[9], tonumber(ARGV[10])
  end
  -- What none of the live deliveries can keep is given up.
  local live, expires, attempts = false, 0, 0
  for _, d in ipairs(list(r.deliveries)) do
    if d.checkable and now < d.expires_at then
      live, expires = true, math.max(expires, d.expires_at)
      local granted = d.handle.attempts or 0
      attempts = math.max(attempts, granted > 0 and granted or head.max_attempts)
    end
  end
  if live then
    head.max_attempts = math.min(head.max_attempts, attempts)
    head.expires_at = math.min(head.expires_at, expires)
  elseif ARGV[6] == '1' then
    finish(r, 'failed', now)
  end
end
return { 'ok', save(r, was), gone }
