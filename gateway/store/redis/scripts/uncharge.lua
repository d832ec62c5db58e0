-- Takes claims back. KEYS: windows. ARGV: the slot of each
for i, key in ipairs(KEYS) do uncount(key, ARGV[i]) end
return { 'ok' }
