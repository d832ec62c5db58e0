-- Puts a verification in the place of the version that it was made of.
-- KEYS[5]: the person's windows, when a wrong guess is given back. ARGV: 4 version, 5... what put needs, 8 name of the
-- window, slot of the guess, and one
local instead = moved(ARGV[4])
if instead then return instead end
put(5) -- first: it fails when the memory is full, and then nothing has been given back
if KEYS[5] then unlimit(KEYS[5], 8) end
return { 'ok' }
