-- Channels of a kind that have subscribers, or lately had some: a part of them.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 where the last part ended (0: from the beginning), 2 kind
-- Returns: 1 where this part ends (0: that was all), 2… names; one may come twice
--
-- Needs: prelude, publish, channel

local found = call('HSCAN', heard, ARGV[1], 'MATCH', ARGV[2] .. ':*', 'COUNT', 1000)
local result = {found[1]}
for index = 1, #found[2], 2 do result[#result + 1] = found[2][index] end
return result
