-- Sends to numbers that differ. Arguments: the status that counts; a name for this load, which no other load has. Two
-- more where the first requests shall not come all at once: over how many milliseconds they are spread, and how many of
-- them a thread has.
require "answer"

function init(args)
  count({args[1]})
  name, n, begun = args[2], 0, 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0"
  local spread, first = tonumber(args[3]), tonumber(args[4])
  if spread then
    math.randomseed(id + 1)
    delay = function()
      begun = begun + 1
      if begun > first then return 0 end
      return math.random(0, spread)
    end
  end
end

function request()
  n = n + 1
  wrk.headers["Idempotency-Key"] = name .. "-" .. id .. "-" .. n
  local body = string.format('{"to":"+23320%d%06d","purpose":"login","metadata":{"user_id":"12345"}}', id, n % 1000000)
  return wrk.format(nil, "/v1/otp/send", nil, body)
end
