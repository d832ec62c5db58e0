-- A record is five lines of JSON: what steps decide by, the deliveries, the checks, the steps of the fallback, and the
-- rest, which no script reads. An empty line is an empty list. Every step on a record has these first:
--   KEYS: record, timers, ends, open verifications, changes (all of the shard)
--   ARGV: now, retention (milliseconds), whether changes are noted
local now, retention = tonumber(ARGV[1]), tonumber(ARGV[2])

local function parse(text)
  local lines, from = {}, 1
  for i = 1, 4 do
    local to = string.find(text, '\n', from, true)
    lines[i] = string.sub(text, from, to - 1)
    from = to + 1
  end
  local r = { text = text, head = cjson.decode(lines[1]), rest = string.sub(text, from) }
  r.deliveries, r.checks, r.steps = lines[2], lines[3], lines[4]
  if r.head.v ~= 1 then
    error('a stored verification has version ' .. tostring(r.head.v) .. '; this gateway reads version 1')
  end
  if r.head.next_at == 0 then r.head.next_at = nil end
  r.expires, r.next = r.head.expires_at, r.head.next_at
  return r
end

local function load()
  local text = redis.call('GET', KEYS[1])
  return text and parse(text)
end

local function list(line)
  return line == '' and {} or cjson.decode(line)
end

-- An empty table would become an object.
local function line(all)
  return #all == 0 and '' or cjson.encode(all)
end

-- How a record stands now: what ran out is ended, although nobody has written that down yet.
local function standing(head)
  if head.status ~= 'pending' then return head.status end
  if now >= head.expires_at then return 'expired' end
  if (head.attempts or 0) >= head.max_attempts then return 'failed' end
  return 'pending'
end

local function matches(head, app, to, purpose)
  return head.app == app and (to == '' or to == head.to.a) and (purpose == '' or purpose == head.purpose)
end

local function finish(r, status, at)
  r.head.status, r.head.ended_at, r.head.next_at, r.steps = status, at, nil, ''
end

-- Deliveries whose codes cannot be checked any more.
local function bury(r, ids)
  if ids == '' then return end
  local dead, deliveries = {}, list(r.deliveries)
  for _, id in ipairs(cjson.decode(ids)) do dead[id] = true end
  for _, d in ipairs(deliveries) do
    if dead[d.id] then d.checkable = nil end
  end
  r.deliveries = line(deliveries)
end

local function check(checks, id)
  for _, c in ipairs(checks) do
    if c.id == id then return c end
  end
end

local function member(head)
  return head.to.a .. '\n' .. head.ref
end

-- What all records of a shard share lives as long as the one that lives longest.
local function outlive(key, ttl)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
end

local function note(head)
  if ARGV[3] == '1' then
    redis.call('SADD', KEYS[5], head.ref)
    outlive(KEYS[5], retention)
  end
end

local function timer(head, ttl)
  if head.next_at then
    redis.call('ZADD', KEYS[2], head.next_at, head.ref)
    outlive(KEYS[2], ttl)
  else
    redis.call('ZREM', KEYS[2], head.ref)
  end
end

-- Writes what was made of a pending record, or of one that had ended before. The timer is touched only when the time of
-- the next step has changed: it may be put off for somebody who is at work on that step.
local function save(r, was)
  local head = r.head
  head.changed_at = now
  r.text = table.concat({ cjson.encode(head), r.deliveries, r.checks, r.steps, r.rest }, '\n')
  local ttl = math.max(0, head.expires_at - now) + retention
  if was == 'pending' and head.status ~= 'pending' then
    redis.call('SET', KEYS[1], r.text, 'PX', retention)
    redis.call('ZREM', KEYS[3], head.ref)
    redis.call('ZREM', KEYS[4], member(head))
  else
    redis.call('SET', KEYS[1], r.text, 'KEEPTTL')
    if head.expires_at ~= r.expires then redis.call('ZADD', KEYS[3], 'XX', head.expires_at, head.ref) end
  end
  if head.next_at ~= r.next then timer(head, ttl) end
  note(head)
  return r.text
end
