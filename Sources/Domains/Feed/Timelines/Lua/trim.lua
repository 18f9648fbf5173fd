-- What else happened to feeds is forgotten when it is old: it names users, who may have left since. A part of the
-- partition's feeds at a time.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 where to go on, '0' at first; 2 a position: what is older goes
-- Returns: 1 where to go on, '0' at the end; 2 how much there was
--
-- Who holds a position from before it is reset.
--
-- Needs: prelude

local oldest, gone = tonumber(ARGV[2]), 0
local found = call('HSCAN', changes, ARGV[1], 'COUNT', 100)
for index = 1, #found[2], 2 do
    local user, noted = found[2][index], found[2][index + 1]
    local start, last = 1, nil
    while start <= #noted and read('>I7', noted, start) < oldest do
        last, start, gone = read('>I7', noted, start), start + 15, gone + 1
    end
    if last then
        local horizon, from, flags = marker_of(lists .. user)
        if horizon then
            call('LSET', lists .. user, -1, pack('>I7I7I7B', 0, math.max(horizon, last), from, flags))
        end
        if start > #noted then
            call('HDEL', changes, user)
        else
            call('HSET', changes, user, string.sub(noted, start))
        end
    end
end
return {found[1], gone}
