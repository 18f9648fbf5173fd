-- Something happened to a user's feed that is no post. It has a position, as posts have, and is resumed as they are.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 whom or which hashtag it is about (7) and why (1), 3 how many are kept, 4 a position from before the
--       change, 5 where it is told late: a position; a list that was read from the database there or later knows it;
--       else '', 6 epoch candidate, 7 version of the message to nodes, 8 envelope
-- Returns: 1 whether it was written (1), 2 messages to nodes
--
-- Two tell of a change, the process that served it and, late, the log; who is second is passed over: since the change
-- the same was told, to read anew or to drop. For the log at any time since, for the process last: what was undone and
-- is done again is news.
--
-- Needs: prelude, publish

-- Reasons that say: read anew (FeedChange.swift).
local ANEW = {[1] = true, [2] = true, [9] = true}
local user, change, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local name, list = epoch(ARGV[6]), lists .. user
local horizon, from, flags = marker_of(list)
-- Who goes live then is reset.
if not horizon then
    call('HDEL', changes, user)
    return {0, 0}
end
local known, since, is_late = call('HGET', changes, user) or '', tonumber(ARGV[4]), ARGV[5] ~= ''
if is_late and horizon >= tonumber(ARGV[5]) then return {0, 0} end
local about, reason = read('>I7B', change)
for start = #known - 14, 1, -15 do
    local told, whom, why = read('>I7I7B', known, start)
    if told < since then break end
    if whom == about then
        if ANEW[why] == ANEW[reason] then return {0, 0} end
        if not is_late then break end
    end
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
    local body = packed({user}) .. packed({}) .. ARGV[8]
    if send(node, tonumber(ARGV[7]), 1, position, name, body, {user}) then told = told + 1 end
end
return {1, told}
