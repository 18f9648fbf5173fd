-- Posts go out of a user's timeline: their author or a hashtag of theirs is followed no more, and nothing else brings
-- them.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 posts, 7 bytes each
-- Returns: how many entries were taken out
--
-- As in `sever.lua`, nothing is noted and tombstones stay.
--
-- Needs: prelude, rewrite

local list, goes = lists .. ARGV[1], {}
for start = 1, #ARGV[2], 7 do goes[read('>I7', ARGV[2], start)] = true end
local old, entries = call('LRANGE', list, 0, -1), {}
for index = 1, #old - 1 do
    local id, _, _, flags = read('>I7I7I7B', old[index])
    if not goes[id] or flags % 2 == TOMBSTONE then entries[#entries + 1] = old[index] end
end
local gone = #old - 1 - #entries
if gone > 0 then rewrite(list, entries, old[#old]) end
return math.max(gone, 0)
