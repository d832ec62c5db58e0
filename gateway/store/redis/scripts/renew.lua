-- Puts a verification in the place of the version that it was made of, and counts the claims of the shard.
-- KEYS[6...]: windows. ARGV: 4 version, 5... what put needs, 9... claims
local instead = moved(ARGV[4])
if instead then return instead end
local free, levels = charge(6, 9, level, count)
if not free then return { 'full', levels } end
put()
return { 'ok', levels }
