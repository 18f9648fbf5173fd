-- The state of a channel, all of it. Nothing is done where nobody has, or lately had, subscribed to it.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 epoch candidate, 3 seconds that it is kept, 4 version, 5 envelope
-- Returns: 1 what was done (0 nobody is there, 1 told, 2 nothing: there is this version or a newer one), 2 messages to
--          nodes
--
-- Needs: prelude, publish, channel

local channel, version = ARGV[1], tonumber(ARGV[4])
local old = call('GET', states .. channel)
if not old and nodes_of(channel) == '' and call('EXISTS', logs .. channel) == 0 then return {0, 0} end
if old and read('>I7', old) >= version then return {2, 0} end
local name, position = epoch(ARGV[2]), tick()
call('SET', states .. channel, pack('>I7I7B', version, position, FORM) .. ARGV[5], 'EX', ARGV[3])
return {1, spread(channel, 4, position, name, pack('>I7', version) .. ARGV[5])}
