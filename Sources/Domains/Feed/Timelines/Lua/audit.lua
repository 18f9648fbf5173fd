-- What a live client of this user must have been told.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 node, 3 epoch and 4 position up to which it was told everything, 5 epoch candidate
-- Returns: 1 epoch, 2 clock, 3 is the user registered for the node (1), 4 the newest position that is to be told; not
--          above the client's where there is nothing newer, or no list
--
-- Needs: prelude

local user, told = ARGV[1], tonumber(ARGV[4])
local name, list = epoch(ARGV[5]), lists .. user
local result = {name, now(), without(call('HGET', online, user) or '', ARGV[2]) and 1 or 0, 0}
if name ~= ARGV[3] then
    result[4] = result[2]
    return result
end
local horizon, _, flags = marker_of(list)
if not horizon or is_building(flags) then return result end
local newest = horizon
local whole = tonumber(call('HGET', disordered, user) or '0') > told
-- The head has the newest change but for those that are noted. What a follow brought in has position 0: nobody is told.
for _, entry in ipairs(call('LRANGE', list, 0, whole and -2 or 0)) do
    local id, changed = read('>I7I7', entry)
    if id > 0 then newest = math.max(newest, changed) end
end
local noted = call('HGET', changes, user)
if noted then newest = math.max(newest, (read('>I7', noted, #noted - 14))) end
result[4] = newest
return result
