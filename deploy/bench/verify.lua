-- Puts the guesses of a file (first argument), each once. The second argument lists the statuses that count.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  wanted, unexpected, n, guesses, once = {}, 0, 0, {}, args[2] ~= "200"
  for status in string.gmatch(args[2], "%d+") do wanted[tonumber(status)] = true end
  local i = 0
  for line in io.lines(args[1]) do
    -- Both guesses of a reference belong to one thread.
    if math.floor(i / 2) % 2 == id then
      local ref, code = string.match(line, "(%S+) (%S+)")
      table.insert(guesses, string.format('{"reference":"%s","code":"%s"}', ref, code))
    end
    i = i + 1
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0"
end

function request()
  n = n + 1
  if n > #guesses then spent = true; n = 1 end
  return wrk.format(nil, "/v1/otp/verify", nil, guesses[n])
end

function response(status)
  if not spent and not wanted[status] then unexpected = unexpected + 1 end
end

function done()
  local total = 0
  for _, thread in ipairs(threads) do total = total + thread:get("unexpected") end
  for _, thread in ipairs(threads) do
    -- An echo takes a guess as often as it comes; a gateway judges it once.
    if thread:get("once") and thread:get("spent") then total = total + 1; print("the guesses ran out") end
  end
  print("unexpected answers: " .. total)
end
