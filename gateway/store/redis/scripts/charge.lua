-- Counts claims that belong to no record's shard. KEYS: windows. ARGV: claims
local free, levels = charge(1, 1)
return { free and 'ok' or 'full', levels }
