-- An author has left: all that followers' timelines have of him goes, tombstones too, and what was noted of him.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 author, 2… users
-- Returns: how much there was
--
-- Who holds a position from before something that could still be told is reset.
--
-- Needs: prelude, rewrite

local author, gone = tonumber(ARGV[1]), 0

-- What was noted of the author; how many, and the position of the last one.
local function unnote(user)
    local noted = call('HGET', changes, user)
    local rest, count, last = {}, 0, 0
    for start = 1, #(noted or ''), 15 do
        local position, whom = read('>I7I7', noted, start)
        if whom == author then
            count, last = count + 1, math.max(last, position)
        else
            rest[#rest + 1] = string.sub(noted, start, start + 14)
        end
    end
    if count == 0 then return 0, 0 end
    if #rest == 0 then call('HDEL', changes, user) else call('HSET', changes, user, table.concat(rest)) end
    return count, last
end

for index = 2, #ARGV do
    local list = lists .. ARGV[index]
    local count, last = unnote(ARGV[index])
    local old = call('LRANGE', list, 0, -1)
    local entries = {}
    for place = 1, #old - 1 do
        local _, position, who, flags = read('>I7I7I7B', old[place])
        if who ~= author then
            entries[#entries + 1] = old[place]
        else
            count = count + 1
            if flags % 2 == TOMBSTONE then last = math.max(last, position) end
        end
    end
    if count > 0 and #old > 0 then
        local _, horizon, from, flags = read('>I7I7I7B', old[#old])
        rewrite(list, entries, pack('>I7I7I7B', 0, math.max(horizon, last), from, flags))
    end
    gone = gone + count
end
return gone
