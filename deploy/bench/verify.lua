-- Puts two guesses, a wrong one and the right one, at each verification of a file. Arguments: the file, with a
-- reference and a code on each line; the statuses that count; "again" where a guess may come more than once.
require "answer"

-- How many verifications are guessed at before the second guess at one comes: a person takes a moment.
local pause = 1000

function init(args)
  local statuses = {}
  for status in string.gmatch(args[2], "%d+") do table.insert(statuses, status) end
  count(statuses)
  n, guesses, again, spent = 0, {}, args[3] == "again", false
  local i, right = 0, {}
  for line in io.lines(args[1]) do
    -- Both guesses at a verification belong to one thread.
    if i % 2 == id then
      local ref, code = string.match(line, "(%S+) (%S+)")
      local wrong = code == "000000" and "000001" or "000000"
      table.insert(guesses, string.format('{"reference":"%s","code":"%s"}', ref, wrong))
      table.insert(right, string.format('{"reference":"%s","code":"%s"}', ref, code))
      if #right > pause then table.insert(guesses, right[#right - pause]) end
    end
    i = i + 1
  end
  for k = math.max(1, #right - pause + 1), #right do table.insert(guesses, right[k]) end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0"
end

function request()
  n = n + 1
  if n > #guesses then spent = not again; n = 1 end
  return wrk.format(nil, "/v1/otp/verify", nil, guesses[n])
end
