-- Takes in new states of verifications of one app: counts, events and lists change with the state, or not at all.
--
-- KEYS: list, stream, hours, then for each item: seen, events, hour, person.
-- ARGV: 1 how long lists are kept, 2 how long events and sums are (milliseconds), 3 oldest reference that is listed; then
-- for each item: reference, version that was seen last (empty: none), new version, new record, how long the state is
-- kept, hour, number of events and the events, number of counts and of each its field and what is added.
-- Returns 1 for each item that is taken in, 0 for one that somebody else took in since it was read.
local keep_list, keep_events = ARGV[1], ARGV[2]
local list, stream, hours = KEYS[1], KEYS[2], KEYS[3]
local clock = redis.call('TIME')
local oldest = string.format('%d', clock[1] * 1000 - keep_events)
local answer, sums, starts = {}, {}, {}
local at = 3

local function take()
	at = at + 1
	return ARGV[at]
end

local function takes(each)
	local all = {}
	for i = 1, take() * each do all[i] = take() end
	return all
end

local function tell(ref, events, texts)
	local n = redis.call('RPUSH', events, unpack(texts)) - #texts
	for i = 1, #texts do
		redis.call('XADD', stream, 'MINID', '~', oldest, '*', 'ref', ref, 'n', n + i - 1)
	end
	redis.call('PEXPIRE', events, keep_events)
end

-- Sums are added up for all items first: most of them are the same.
local function add(key, hour, counts)
	local of = sums[key]
	if not of then
		of = {}
		sums[key], starts[key] = of, hour
	end
	for i = 1, #counts, 2 do of[counts[i]] = (of[counts[i]] or 0) + counts[i + 1] end
end

for i = 1, (#KEYS - 3) / 4 do
	local seen, events, key, person = unpack(KEYS, 4 * i, 4 * i + 3)
	local ref, was, version, record, keep, hour = take(), take(), take(), take(), take(), take()
	local texts, counts = takes(1), takes(2)
	if redis.call('GETRANGE', seen, 0, #was) ~= (was == '' and '' or was .. '\n') then
		answer[i] = 0
	else
		local fresh = was == ''
		-- A state that is forgotten by now, of a verification that is known: its change cannot be told any more.
		if not fresh or redis.call('ZADD', list, 0, ref) == 1 then
			if fresh then
				redis.call('ZADD', person, 0, ref)
				redis.call('PEXPIRE', person, keep_list)
			end
			if #texts > 0 then tell(ref, events, texts) end
			add(key, hour, counts)
		end
		redis.call('SET', seen, version .. '\n' .. record, 'PX', keep)
		answer[i] = 1
	end
end

for key, of in pairs(sums) do
	for field, n in pairs(of) do
		if n ~= 0 then redis.call('HINCRBY', key, field, string.format('%.0f', n)) end
	end
	redis.call('PEXPIRE', key, keep_events)
	redis.call('ZADD', hours, starts[key], starts[key])
	redis.call('ZREMRANGEBYSCORE', hours, '-inf', starts[key] - keep_events / 1000)
	redis.call('PEXPIRE', hours, keep_events)
end
redis.call('ZREMRANGEBYLEX', list, '-', '(' .. ARGV[3])
redis.call('PEXPIRE', list, keep_list)
redis.call('PEXPIRE', stream, keep_events)
return answer
