-- Posts from the database into a timeline: all of them after `begin`, or an author's after a follow (a backfill).
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 user, 2 token ('' for a backfill), 3 the post from which on the entries are complete, 4 cap: entries that a
--       list keeps, 5 epoch candidate, 6 entries in one text, newest first: post (7 bytes), author (7), is it there by
--       a hashtag (1) or not (0)
-- Returns: 0 there is no list, 1 merged, 2 the token has been overtaken
--
-- Needs: prelude, publish, rewrite

local user, from, cap, added = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[6]
local list, build = lists .. user, builds .. user
local is_rebuild = ARGV[2] ~= ''
local old = call('LRANGE', list, 0, -1)
if #old == 0 then return 0 end
local _, horizon, old_from, flags = read('>I7I7I7B', old[#old])
if is_rebuild and (not is_building(flags) or call('GET', build) ~= ARGV[2]) then return 2 end
-- A backfill may have raised it meanwhile. What is below then is no page's, but its end is told.
local lowest = is_rebuild and from or math.max(from, old_from)
from = math.max(from, old_from)

local severed = {}
local function is_severed(author)
    if severed[author] == nil then
        local name = decimal(author)
        severed[author] = call('SISMEMBER', severances .. name, user) == 1 and name ~= user
    end
    return severed[author]
end

-- Both run from the newest to the oldest; of two with one id that in the list stays, a tombstone too.
local entries, next_old, next_added = {}, 1, 1
while next_old < #old or next_added <= #added do
    local id = next_old < #old and read('>I7', old[next_old]) or -1
    local post, author, by_tag = -1, 0, 0
    if next_added <= #added then post, author, by_tag = read('>I7I7B', added, next_added) end
    if id >= post then
        entries[#entries + 1] = old[next_old]
        next_old = next_old + 1
        if id == post then next_added = next_added + 15 end
    else
        if post >= lowest and (by_tag == 1 or not is_severed(author)) then
            entries[#entries + 1] = pack('>I7I7I7B', post, 0, author, is_rebuild and 0 or UNTOLD)
        end
        next_added = next_added + 15
    end
end

local position = tick()
while #entries > cap do
    local _, changed = read('>I7I7', entries[#entries])
    horizon = math.max(horizon, changed)
    entries[#entries] = nil
    from = math.max(from, (read('>I7', entries[#entries])))
end
if is_rebuild then
    horizon, flags = position, MARKER
    call('DEL', build)
end
rewrite(list, entries, pack('>I7I7I7B', 0, horizon, from, flags))
-- Entries with position 0 are among newer ones now: a resume must not stop at them.
call('HSET', disordered, user, decimal(position))
if is_rebuild then reset(user, position, epoch(ARGV[5])) end
return 1
