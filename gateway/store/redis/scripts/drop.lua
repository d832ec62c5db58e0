-- Forgets what happened. KEYS: what happened, of a shard. ARGV: 1 the end of the list that the entries are near to (1: its
-- beginning, -1), 2... entries
for i = 2, #ARGV do redis.call('LREM', KEYS[1], ARGV[1], ARGV[i]) end
return { 'ok' }
