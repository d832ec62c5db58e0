-- Puts a verification in the place of the version that it was made of, and counts the claims of its person.
-- KEYS[6]: the person's windows, if there are claims. ARGV: 4 version, 5... what put needs, 8... claims
local instead = moved(ARGV[4])
if instead then return instead end
local free, levels = true, {}
if KEYS[6] then free, levels = limit(KEYS[6], 8) end
if not free then return { 'full', levels } end
put(5)
return { 'ok', levels }
