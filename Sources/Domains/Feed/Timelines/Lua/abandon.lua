-- A builder gives up: the next one need not wait.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 token
-- Returns: 0
--
-- Needs: prelude

local build = builds .. ARGV[1]
if call('GET', build) == ARGV[2] then call('DEL', build) end
return 0
