-- What a client missed.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 epoch and 3 position that it holds, 4 epoch candidate
-- Returns: 1 epoch, 2 clock, 3 state (0 no list, 1 being built, 2 reset, 3 missed), for state 3 then 4 what else
--          happened (see `changes`), 5… the entries. Those above the position were missed; others may be among them
--
-- Needs: prelude

local list, position = lists .. ARGV[1], tonumber(ARGV[3])
local result = {epoch(ARGV[4]), now(), 0}
local horizon, _, flags = marker_of(list)
if not horizon then
    call('HDEL', disordered, ARGV[1])
    return result
end
if is_building(flags) then
    result[3] = 1
    return result
end
-- A position from the future is one of a Redis that lost its latest writes.
if result[1] ~= ARGV[2] or position < horizon or position > result[2] then
    result[3] = 2
    return result
end
result[3] = 3
result[4] = call('HGET', changes, ARGV[1]) or ''
local whole = tonumber(call('HGET', disordered, ARGV[1]) or '0') > position
local start, size = 0, whole and 1000 or 1
while true do
    local chunk = call('LRANGE', list, start, start + size - 1)
    for index = 1, #chunk do result[#result + 1] = chunk[index] end
    if #chunk < size then return result end
    local id, changed = read('>I7I7', chunk[#chunk])
    if not whole and (changed <= position or id == 0) then return result end
    start = start + size
    size = math.max(size, 64)
end
