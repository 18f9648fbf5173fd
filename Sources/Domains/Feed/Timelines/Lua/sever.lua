-- A user unfollowed or blocked an author.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 author, 3 seconds for which deliveries under way are refused
-- Returns: how many entries were taken out
--
-- Nothing is noted in `disordered`: entries above a position are at the head in one piece, and what is taken out of
-- such a piece leaves the rest in one piece. Tombstones stay: a client that saw the post still hears of its end.
--
-- Needs: prelude, rewrite

local user, author = ARGV[1], tonumber(ARGV[2])
local key, list = severances .. ARGV[2], lists .. user
call('SADD', key, user)
call('EXPIRE', key, ARGV[3])
local old = call('LRANGE', list, 0, -1)
local entries = {}
for index = 1, #old - 1 do
    local _, _, who, flags = read('>I7I7I7B', old[index])
    if who ~= author or flags % 2 == TOMBSTONE then entries[#entries + 1] = old[index] end
end
local gone = #old - 1 - #entries
if gone > 0 then rewrite(list, entries, old[#old]) end
return math.max(gone, 0)
