-- Puts a verification in the place of the version that it was made of, and keeps the answer of the request that did so. What
-- was answered before stays. KEYS[5]: the answer. ARGV: 4 version, 5... what put needs, 8 the answer, 9 how long it is kept
local instead = moved(ARGV[4])
if instead then return instead end
put(5)
redis.call('SET', KEYS[5], ARGV[8], 'NX', 'PX', ARGV[9])
return { 'ok' }
