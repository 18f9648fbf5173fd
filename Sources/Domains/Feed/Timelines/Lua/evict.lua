-- Drops a timeline. The nodes that hold the user are told to reset the clients.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 epoch candidate, 3 for which event, where two may say it: who is second does nothing; or '', 4 version of the
--       message to nodes, 5 envelope: what clients are told before; '' for nothing
-- Returns: 1 where there was one, 0 where there was none, or it was dropped before
--
-- Needs: prelude, publish

local user = ARGV[1]
if ARGV[3] ~= '' and not call('SET', evictions .. ARGV[3], '', 'NX', 'EX', 86400) then return 0 end
if ARGV[5] ~= '' then
    local nodes = call('HGET', online, user) or ''
    local name, position = epoch(ARGV[2]), tick()
    for start = 1, #nodes, 8 do
        local body = packed({user}) .. packed({}) .. ARGV[5]
        send(string.sub(nodes, start, start + 7), tonumber(ARGV[4]), 1, position, name, body, {user})
    end
end
return drop(user, ARGV[2])
