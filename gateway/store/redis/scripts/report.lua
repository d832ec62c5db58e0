-- Notes what became of a delivery. ARGV: 4 provider, 5 its id of the delivery, 6 the delivery as it is after the report
local r = load()
if not r then return { 'missing' } end
local deliveries = list(r.deliveries)
for i = #deliveries, 1, -1 do
  local d = deliveries[i]
  if d.provider == ARGV[4] and d.handle.id == ARGV[5] then
    local told = cjson.decode(ARGV[6])[1]
    if told.status == d.status or d.status == 'delivered' or d.status == 'failed' then return { 'ok', r.text } end
    d.status, d.reason, d.class, d.code, d.reported_at = told.status, told.reason, nil, told.code, told.reported_at
    r.deliveries = line(deliveries)
    local hope = false
    for j = i, #deliveries do
      hope = hope or deliveries[j].status ~= 'failed' and deliveries[j].status ~= 'undelivered'
    end
    local head = r.head
    if not hope and standing(head) == 'pending' and r.steps ~= '' and now < (head.next_at or 0) then
      head.next_at = now
    end
    return { 'ok', save(r, head.status) }
  end
end
return { 'unknown', r.text }
