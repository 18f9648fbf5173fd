-- What a user may subscribe to has changed: the nodes that hold clients of the user ask again for all their channels.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 epoch candidate
-- Returns: messages to nodes
--
-- Needs: prelude, publish, channel

local nodes = call('HGET', online, ARGV[1])
if not nodes then return 0 end
local name, position, told = epoch(ARGV[2]), tick(), 0
for start = 1, #nodes, 8 do
    local node = string.sub(nodes, start, start + 7)
    if send(node, VERSION, 6, position, name, packed({ARGV[1]}), {ARGV[1]}) then told = told + 1 end
end
return told
