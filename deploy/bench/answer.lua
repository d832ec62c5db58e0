-- What both loads share: which answers count, and the line of JSON in which the result is told.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

-- count says which statuses count; every other one is unexpected.
function count(statuses)
  wanted, unexpected, odd = {}, 0, 0
  for _, status in ipairs(statuses) do wanted[tonumber(status)] = true end
end

function response(status)
  if not spent and not wanted[status] then unexpected, odd = unexpected + 1, status end
end

function done(summary, latency)
  local unexpected, odd, spent = 0, 0, false
  for _, thread in ipairs(threads) do
    unexpected = unexpected + thread:get("unexpected")
    odd = math.max(odd, thread:get("odd"))
    spent = spent or thread:get("spent") == true
  end
  local e = summary.errors
  print(string.format(
    '{"requests":%d,"micros":%d,"broken":%d,"unexpected":%d,"status":%d,"spent":%s,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, unexpected, odd, tostring(spent),
    latency:percentile(50), latency:percentile(99)))
end
