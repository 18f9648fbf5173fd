-- Somebody is about to rebuild a timeline from the database.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 token, 3 epoch candidate, 4 seconds that the list lives, 5 milliseconds after which another builder
--       is taken for dead, 6 milliseconds that the token lives
-- Returns: 0 there is a list, 1 somebody builds it, 2 the caller builds it
--
-- Needs: prelude

local list, build = lists .. ARGV[1], builds .. ARGV[1]
epoch(ARGV[3])
local horizon, _, flags = marker_of(list)
if horizon and not is_building(flags) then return 0 end
if horizon and call('PTTL', build) > ARGV[6] - ARGV[5] then return 1 end
call('SET', build, ARGV[2], 'PX', ARGV[6])
if not horizon then
    call('HDEL', disordered, ARGV[1])
    call('RPUSH', list, pack('>I7I7I7B', 0, tick(), 0, MARKER + BUILDING))
    call('EXPIRE', list, ARGV[4])
end
return 2
