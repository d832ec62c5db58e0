-- Counts claims of a person. KEYS: the windows. ARGV: claims
local free, levels = limit(KEYS[1], 1)
return { free and 'ok' or 'full', levels }
