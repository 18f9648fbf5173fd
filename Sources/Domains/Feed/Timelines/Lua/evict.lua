-- Drops a timeline. The nodes that hold the user are told to reset the clients.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 epoch candidate
-- Returns: 1 where there was one, 0 where there was none
--
-- Needs: prelude, publish

local user = ARGV[1]
local existed = call('DEL', lists .. user)
call('DEL', builds .. user)
call('HDEL', disordered, user)
reset(user, tick(), epoch(ARGV[2]))
return existed
