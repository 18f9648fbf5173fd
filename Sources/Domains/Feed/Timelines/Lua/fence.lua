-- Which connection of a node speaks, and what it is told when a registration of its was lost. Shared.
--
-- Needs: prelude

-- A node's registrations name the connection over which they come. What is left of an older connection is refused: it
-- may arrive late, and a client that came back meanwhile would never hear of anything again.
local function is_stale(node, connection)
    local last = tonumber(call('HGET', links, node) or '0')
    if connection > last then call('HSET', links, node, connection) end
    return connection < last
end

local function last_number(node) return tonumber(call('HGET', numbers, node) or '0') end

-- A registration that the node relies on was not there: something was not told. A reply might be lost, or come behind
-- what is told from now on; a number that no message has is found out before that.
local function leave_gap(node) call('HINCRBY', numbers, node, 1) end

local STALE = {err = 'STALE a newer connection of this node has come'}
