-- Messages to realtime nodes, in the format of NodeMessage.swift. Shared.
--
-- Needs: prelude

local function packed(users)
    local parts = {}
    for index = 1, #users do parts[index] = pack('>I7', tonumber(users[index])) end
    return pack('>I4', #users) .. table.concat(parts)
end

-- Sends a body to a node. Nobody listens: the node is dead or must come back anyway, so these users leave it.
local function send(node, version, kind, position, name, body, users)
    local number = call('HINCRBY', numbers, node, 1)
    local head = pack('>BBI7I7', version, kind, number, position) .. name
    if call('PUBLISH', base .. 'node:' .. tag .. ':' .. node, head .. body) > 0 then return true end
    call('HDEL', numbers, node)
    call('HDEL', links, node)
    for index = 1, #users do leave(users[index], node) end
    return false
end

-- To all nodes of a user: the timeline was dropped or rebuilt.
local function reset(user, position, name)
    local nodes = call('HGET', online, user) or ''
    for start = 1, #nodes, 8 do
        send(string.sub(nodes, start, start + 7), 1, 3, position, name, packed({user}), {user})
    end
end
