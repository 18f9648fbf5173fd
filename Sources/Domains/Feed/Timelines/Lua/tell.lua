-- Events to one channel, in order. Nothing is done where nobody has, or lately had, subscribed to it.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 epoch candidate, 3 events and 4 bytes that a log keeps, 5 seconds that it lives, 6 source,
--       7… offset in the source, id of the event, envelope, the envelope that is kept ('': the same)
-- Returns: 1 events that were told, 2 that were told before, 3 messages to nodes
--
-- An event comes again when whoever brought it died before he could say so. It is known by its offset, which is not
-- above the last one of its source. But a source that was made anew counts from 0: what was made a minute after the
-- newest event is new, whatever its offset. Clocks of those who make events differ by less. In another epoch nothing
-- is known of any source (`renew`). And who moves events into the source may have died before he could say so: then
-- one has two offsets, and is known by its id.
--
-- A consumer that begins with the first record that is kept, or comes back, brings events that are older than the log.
-- Who subscribed later has read them. So what was made ten minutes before the log is left out.
--
-- Needs: prelude, publish, channel

local channel, log, source = ARGV[1], logs .. ARGV[1], ARGV[6]
local marker = call('LINDEX', log, 0)
if not marker then
    if nodes_of(channel) == '' then return {0, 0, 0} end
    -- Redis dropped it; who is live misses nothing, and who comes back to a position from before is reset.
    begin_log(channel, 0, ARGV[5])
    marker = call('LINDEX', log, 0)
end
local name = epoch(ARGV[2])
local horizon, began, bytes = read('>I7I7I7', marker)
local newest, rest = string.match(string.sub(marker, 22), '^(%d*)(.*)$')
newest = tonumber(newest) or 0
local last, sources = {}, 0
local written = string.match(rest, '^ (%x+) ')
if not written or written == name then
    for each, offset in string.gmatch(rest, '(%S+)=(%d+)') do
        last[each] = tonumber(offset)
        sources = sources + 1
    end
end
-- Another number of partitions is another source. Those from before say nothing any more.
if not last[source] and sources >= 8 then last = {} end

-- Milliseconds since 1970: the first 48 bits of an id (UUIDv7). `nil` where it is another.
local function made(id)
    local high, low = string.match(id, '^(%x%x%x%x%x%x%x%x)%-(%x%x%x%x)%-7')
    return high and tonumber(high .. low, 16)
end

-- Only one that was made after the newest can't be there.
local function is_there(id, time)
    if time and time > newest then return false end
    for _, event in ipairs(call('LRANGE', log, 1, -1)) do
        if string.find(event, id, 9, true) then return true end
    end
    return false
end

local told, again, messages = 0, 0, 0
for index = 7, #ARGV, 4 do
    local offset, id, envelope = tonumber(ARGV[index]), ARGV[index + 1], ARGV[index + 2]
    local time = made(id)
    local is_past = time and time * 1000 < began - 600000000
    if last[source] and offset <= last[source] and (not time or time <= newest + 60000) then
        again = again + 1
    elseif not is_past and is_there(id, time) then
        last[source] = offset
        again = again + 1
    elseif not is_past then
        local position = tick()
        local kept = ARGV[index + 3]
        local event = pack('>I7B', position, FORM) .. (kept == '' and envelope or kept)
        call('RPUSH', log, event)
        bytes = bytes + #event
        last[source] = offset
        newest = math.max(newest, time or 0)
        told = told + 1
        messages = messages + spread(channel, 3, position, name, envelope)
    end
end

local most, most_bytes = tonumber(ARGV[3]), tonumber(ARGV[4])
local length, cut = call('LLEN', log) - 1, 0
while cut < length and (length - cut > most or bytes > most_bytes) do
    local oldest = call('LINDEX', log, cut + 1)
    horizon = read('>I7', oldest)
    bytes = bytes - #oldest
    cut = cut + 1
end
-- The last one that is cut gives its place to the marker.
if cut > 0 then call('LTRIM', log, cut, -1) end
local parts = {pack('>I7I7I7', horizon, began, bytes), decimal(newest), ' ', name}
for each, offset in pairs(last) do parts[#parts + 1] = ' ' .. each .. '=' .. decimal(offset) end
call('LSET', log, 0, table.concat(parts))
return {told, again, messages}
