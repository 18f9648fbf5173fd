-- Which channels have a subscriber now: a node that lives has registered them.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1… channels
-- Returns: 1 or 0 for each
--
-- Needs: prelude, publish, channel

local alive = {}
local function is_alive(node)
    if alive[node] == nil then
        alive[node] = call('PUBSUB', 'NUMSUB', base .. 'node:' .. tag .. ':' .. node)[2] > 0
    end
    return alive[node]
end

local result = {}
for index = 1, #ARGV do
    local nodes = nodes_of(ARGV[index])
    result[index] = 0
    for start = 1, #nodes, 8 do
        if is_alive(string.sub(nodes, start, start + 7)) then
            result[index] = 1
            break
        end
    end
end
return result
