-- What a subscriber of a channel missed.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 epoch and 3 position that it holds, 4 epoch candidate
-- Returns: 1 epoch, 2 clock, 3 verdict (2 reset, 3 missed), 4 the state ('' there is none), for verdict 3 then 5… the
--          events above the position, newest first
--
-- Needs: prelude, publish, channel

local log, position = logs .. ARGV[1], tonumber(ARGV[3])
local result = {epoch(ARGV[4]), now(), 2, call('GET', states .. ARGV[1]) or ''}
local marker = call('LINDEX', log, 0)
if not marker then
    -- A clock that was lost says 0; what was told before it was lost may still be on its way.
    result[2] = tick()
    return result
end
-- A position from the future is one of a Redis that lost its latest writes.
if result[1] ~= ARGV[2] or position < read('>I7', marker) or position > result[2] then return result end
result[3] = 3
local stop, size = call('LLEN', log) - 1, 4
while stop > 0 do
    local start = math.max(1, stop - size + 1)
    local chunk = call('LRANGE', log, start, stop)
    for index = #chunk, 1, -1 do
        if read('>I7', chunk[index]) <= position then return result end
        result[#result + 1] = chunk[index]
    end
    stop, size = start - 1, size * 4
end
return result
