-- A page of a timeline.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 id that all are below, 3 limit, 4 epoch candidate, 5 seconds that the list lives on
-- Returns: 1 epoch, 2 clock, 3 state (0 no list, 1 being built, 2 ready), for state 2 then 4 the post from which on the
--          list is complete, 5 has the list ended (1), 6… entries
--
-- Needs: prelude

local list, before, limit = lists .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local result = {epoch(ARGV[4]), now(), 0}
local horizon, from, flags = marker_of(list)
if not horizon then return result end
if is_building(flags) then
    result[3] = 1
    return result
end
result[3], result[4], result[5] = 2, from, 0
call('EXPIRE', list, ARGV[5])
local last = call('LLEN', list) - 1
local start, stop = 0, last
-- Ten looks instead of a walk over the pages before.
while start < stop and before <= 9007199254740991 do
    local middle = math.floor((start + stop) / 2)
    if read('>I7', call('LINDEX', list, middle)) < before then stop = middle else start = middle + 1 end
end
while #result - 5 < limit do
    local chunk = call('LRANGE', list, start, math.min(start + limit - (#result - 5), last) - 1)
    if start >= last then chunk = {} end
    for index = 1, #chunk do
        local id, _, _, entry_flags = read('>I7I7I7B', chunk[index])
        if id < from then
            result[5] = 1
            return result
        end
        if entry_flags % 2 ~= TOMBSTONE then result[#result + 1] = chunk[index] end
    end
    if #chunk == 0 then
        result[5] = 1
        return result
    end
    start = start + #chunk
end
return result
