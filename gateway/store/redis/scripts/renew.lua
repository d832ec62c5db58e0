-- Puts a verification in the place of the version that it was made of, and counts the claims of its person.
-- KEYS[5]: the person's windows, if there are claims. ARGV: 4 version, 5... what put needs, 8... claims
local instead = moved(ARGV[4])
if instead then return instead end
local free, levels = true, {}
if KEYS[5] then free, levels = limit(KEYS[5], 8) end
if not free then return { 'full', levels } end
put(5)
return { 'ok', levels }
