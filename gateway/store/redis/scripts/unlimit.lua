-- Takes claims of a person back. KEYS: the windows. ARGV: name, slot and events of each
unlimit(KEYS[1], 1)
return { 'ok' }
