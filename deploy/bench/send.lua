-- Sends to numbers that differ. The argument is the status that counts; the threads add up what was answered otherwise.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  wanted, unexpected, n = tonumber(args[1]), 0, 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0"
end

function request()
  n = n + 1
  local body = string.format('{"to":"+23320%d%06d","purpose":"login","metadata":{"user_id":"12345"}}', id, n % 1000000)
  return wrk.format(nil, "/v1/otp/send", nil, body)
end

function response(status)
  if status ~= wanted then unexpected = unexpected + 1 end
end

function done()
  local total = 0
  for _, thread in ipairs(threads) do total = total + thread:get("unexpected") end
  print("unexpected answers: " .. total)
end
