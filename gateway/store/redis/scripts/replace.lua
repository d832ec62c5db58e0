-- Puts a verification in the place of the version that it was made of.
-- KEYS[6]: window of the person's wrong guesses that gets one back, if any. ARGV: 4 version, 5... what put needs, 9 slot
-- of that guess
local instead = moved(ARGV[4])
if instead then return instead end
put() -- first: it fails when the memory is full, and then nothing has been given back
if KEYS[6] then uncount(KEYS[6], ARGV[9]) end
return { 'ok' }
