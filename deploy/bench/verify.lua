-- Puts two guesses, a wrong one and the right one, at each verification of a file. Arguments: the file, with a
-- reference and a code on each line; the statuses that count; "again" where a guess may come more than once.
require "answer"

function init(args)
  local statuses = {}
  for status in string.gmatch(args[2], "%d+") do table.insert(statuses, status) end
  count(statuses)
  n, guesses, again, spent = 0, {}, args[3] == "again", false
  local i = 0
  for line in io.lines(args[1]) do
    -- Both guesses at a verification belong to one thread.
    if i % 2 == id then
      local ref, code = string.match(line, "(%S+) (%S+)")
      local wrong = code == "000000" and "000001" or "000000"
      table.insert(guesses, string.format('{"reference":"%s","code":"%s"}', ref, wrong))
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
  if n > #guesses then spent = not again; n = 1 end
  return wrk.format(nil, "/v1/otp/verify", nil, guesses[n])
end
