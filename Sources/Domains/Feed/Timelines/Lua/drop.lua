-- What these channels were about has gone: all that is kept of them goes, too.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1… channels
-- Returns: how much there was
--
-- Needs: prelude, publish, channel

local gone = 0
for index = 1, #ARGV do
    local channel = ARGV[index]
    gone = gone + call('DEL', logs .. channel, states .. channel) + call('HDEL', heard, channel)
end
return gone
