-- Which connection of a node speaks. Shared.
--
-- Needs: prelude

-- A node's registrations name the connection over which they come. What is left of an older connection is refused: it
-- may arrive late, and a client that came back meanwhile would never hear of anything again.
local function is_stale(node, connection)
    local last = tonumber(call('HGET', links, node) or '0')
    if connection > last then call('HSET', links, node, connection) end
    return connection < last
end

local STALE = {err = 'STALE a newer connection of this node has come'}
