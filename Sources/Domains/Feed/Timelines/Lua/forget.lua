-- An author has left: all that a follower's timeline has of him goes, tombstones too, and what was noted of him.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 author
-- Returns: how much there was
--
-- Who holds a position from before something that could still be told is reset.
--
-- Needs: prelude, rewrite

local user, author = ARGV[1], tonumber(ARGV[2])
local list, gone, last = lists .. user, 0, 0

local noted, rest = call('HGET', changes, user) or '', {}
for start = 1, #noted, 15 do
    local position, whom = read('>I7I7', noted, start)
    if whom == author then
        gone, last = gone + 1, math.max(last, position)
    else
        rest[#rest + 1] = string.sub(noted, start, start + 14)
    end
end
if gone > 0 and #rest == 0 then
    call('HDEL', changes, user)
elseif gone > 0 then
    call('HSET', changes, user, table.concat(rest))
end

local old, entries = call('LRANGE', list, 0, -1), {}
for place = 1, #old - 1 do
    local _, position, who, flags = read('>I7I7I7B', old[place])
    if who ~= author then
        entries[#entries + 1] = old[place]
    else
        gone = gone + 1
        if flags % 2 == TOMBSTONE then last = math.max(last, position) end
    end
end
if gone > 0 and #old > 0 then
    local _, horizon, from, flags = read('>I7I7I7B', old[#old])
    rewrite(list, entries, pack('>I7I7I7B', 0, math.max(horizon, last), from, flags))
end
return gone
