-- All that is held of users who have left.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1… users
-- Returns: how much there was
--
-- Needs: prelude

local gone = 0
for index = 1, #ARGV do
    local user = ARGV[index]
    gone = gone + call('DEL', lists .. user, builds .. user, severances .. user)
    for _, table in ipairs({disordered, changes, online}) do gone = gone + call('HDEL', table, user) end
end
return gone
