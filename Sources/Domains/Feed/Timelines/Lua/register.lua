-- A node holds clients of this user.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 node, 3 epoch candidate, 4 seconds that the list lives on, 5 number of the node's connection,
--       6 the node takes the user for registered (1)
-- Returns: 1 epoch, 2 clock, 3 number of the node's last message, 4 whether the node was registered before (1); or the
--          error STALE
--
-- Needs: prelude, fence

if is_stale(ARGV[2], tonumber(ARGV[5])) then return STALE end
local nodes = call('HGET', online, ARGV[1]) or ''
local known = without(nodes, ARGV[2])
local number = last_number(ARGV[2])
if not known then
    call('HSET', online, ARGV[1], nodes .. ARGV[2])
    if ARGV[6] == '1' then leave_gap(ARGV[2]) end
end
call('EXPIRE', lists .. ARGV[1], ARGV[4])
return {epoch(ARGV[3]), now(), number, known and 1 or 0}
