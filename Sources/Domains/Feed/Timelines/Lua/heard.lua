-- Which channels have, or lately had, subscribers: an event to another one need not be told.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1… channels
-- Returns: 1 or 0 for each
--
-- Needs: prelude, publish, channel

local result = {}
for index = 1, #ARGV do
    local is_known = call('HEXISTS', heard, ARGV[index]) == 1
        -- A state that is there would be told to the next subscriber, so it is kept up.
        or call('EXISTS', logs .. ARGV[index], states .. ARGV[index]) > 0
    result[index] = is_known and 1 or 0
end
return result
