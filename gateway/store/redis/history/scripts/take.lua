-- Takes in new states of verifications of one app: counts, events and lists change with the state, or not at all.
--
-- KEYS: list, stream, hours, then for each item: seen, events, hour, person.
-- ARGV: the items as JSON, and how long is kept, in milliseconds: list, events and sums.
-- Returns 1 for each item that is taken in, 0 for one that somebody else took in since it was read.
local items = cjson.decode(ARGV[1])
local keep_list, keep_events = tonumber(ARGV[2]), tonumber(ARGV[3])
local list, stream, hours = KEYS[1], KEYS[2], KEYS[3]
local clock = redis.call('TIME')
local oldest = string.format('%d', clock[1] * 1000 - keep_events)
local answer = {}

local function tell(item, events, hour, person)
	redis.call('ZADD', list, 0, item.ref)
	redis.call('ZADD', person, 0, item.ref)
	redis.call('PEXPIRE', person, keep_list)
	for _, event in ipairs(item.events) do
		local n = redis.call('RPUSH', events, event)
		redis.call('XADD', stream, 'MINID', '~', oldest, '*', 'ref', item.ref, 'n', n - 1)
	end
	redis.call('PEXPIRE', events, keep_events)
	for field, n in pairs(item.counts) do
		redis.call('HINCRBY', hour, field, n)
	end
	redis.call('PEXPIRE', hour, keep_events)
	redis.call('ZADD', hours, item.hour, item.hour)
end

for i, item in ipairs(items) do
	local at = 4 * i
	local seen = KEYS[at]
	if (redis.call('HGET', seen, 'version') or '') ~= item.was then
		answer[i] = 0
	else
		-- A state that is forgotten by now, of a verification that is known: its change cannot be told any more.
		if item.was ~= '' or not redis.call('ZSCORE', list, item.ref) then
			tell(item, KEYS[at + 1], KEYS[at + 2], KEYS[at + 3])
		end
		redis.call('HSET', seen, 'version', item.version, 'record', item.record)
		redis.call('PEXPIRE', seen, item.keep)
		answer[i] = 1
	end
end
if #items > 0 then
	redis.call('ZREMRANGEBYLEX', list, '-', '(' .. items[1].oldest)
	redis.call('PEXPIRE', list, keep_list)
	redis.call('PEXPIRE', stream, keep_events)
	redis.call('ZREMRANGEBYSCORE', hours, '-inf', items[1].hour - keep_events / 1000)
	redis.call('PEXPIRE', hours, keep_events)
end
return answer
