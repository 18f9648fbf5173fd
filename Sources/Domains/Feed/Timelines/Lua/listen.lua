-- A node has subscribers of this channel. To be said again before the log's life has ended.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 channel, 2 node, 3 epoch candidate, 4 seconds that the log lives on, 5 number of the node's connection,
--       6 the node takes the channel for registered (1)
-- Returns: 1 epoch, 2 clock, 3 number of the node's last message, 4 was the node registered (1), 5 position of the
--          channel's last event, or what its log begins with; or the error STALE
--
-- Needs: prelude, publish, channel, fence

local channel, node, life = ARGV[1], ARGV[2], tonumber(ARGV[4])
if is_stale(node, tonumber(ARGV[5])) then return STALE end
local time = tonumber(call('TIME')[1])
-- What is left of nodes that have gone: each registration looks at a few entries.
for _, other in ipairs(call('HRANDFIELD', heard, 3) or {}) do
    if other ~= channel and read('>I7', call('HGET', heard, other)) + 2 * life < time then
        call('HDEL', heard, other)
    end
end
local name, nodes = epoch(ARGV[3]), nodes_of(channel)
local was_heard = without(nodes, node)
call('HSET', heard, channel, pack('>I7', time) .. nodes .. (was_heard and '' or node))
local log = logs .. channel
if call('EXISTS', log) == 0 then begin_log(channel, time * 1000000, life) end
call('EXPIRE', log, life)
call('EXPIRE', states .. channel, life)
local number = last_number(node)
if not was_heard and ARGV[6] == '1' then leave_gap(node) end
return {name, now(), number, was_heard and 1 or 0, (read('>I7', call('LINDEX', log, -1)))}
