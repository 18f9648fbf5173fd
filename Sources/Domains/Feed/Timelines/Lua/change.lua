-- Something happened to a user's feed that is no post. It has a position, as posts have, and is resumed as they are.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 whom it is about (7) and why (1), 3 how many are kept, 4 nothing is done where something about the
--       same user was told since this position, or empty, 5 epoch candidate, 6 version of the message to nodes, 7 envelope
-- Returns: 1 whether it was written (1), 2 messages to nodes
--
-- Needs: prelude, publish

local user, change, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local name, list = epoch(ARGV[5]), lists .. user
local horizon, from, flags = marker_of(list)
-- Who goes live then is reset.
if not horizon then
    call('HDEL', changes, user)
    return {0, 0}
end
local known, since = call('HGET', changes, user) or '', tonumber(ARGV[4])
local about = read('>I7', change)
for start = 1, since and #known or 0, 15 do
    if read('>I7', known, start) >= since and read('>I7', known, start + 7) == about then return {0, 0} end
end

local position = tick()
known = known .. pack('>I7', position) .. change
if #known > 15 * most then
    -- What is forgotten can't be told any more.
    call('LSET', list, -1, pack('>I7I7I7B', 0, math.max(horizon, (read('>I7', known))), from, flags))
    known = string.sub(known, 16)
end
call('HSET', changes, user, known)

local nodes, told = call('HGET', online, user) or '', 0
for start = 1, #nodes, 8 do
    local node = string.sub(nodes, start, start + 7)
    local body = packed({user}) .. packed({}) .. ARGV[7]
    if send(node, tonumber(ARGV[6]), 1, position, name, body, {user}) then told = told + 1 end
end
return {1, told}
