-- What all scripts begin with: names, clock, epoch and entries. Shared: each file that says "Needs: prelude" is run
-- behind it, as one text.
--
-- KEYS: 1 the partition's clock, `<prefix>clock:{<partitions>.<partition>}`, from the second layout on
-- `<prefix>clock:{<partitions>.<partition>.<layout>}`. All other keys of the partition are derived from its name and
-- have its hash tag, so a cluster routes a call by this one key.
--
--   tl:{…}:<user>        list    the timeline: entries, newest first, and a marker as the last
--   build:{…}:<user>     string  the token of who rebuilds the timeline
--   severed:{…}:<author> set     users who unfollowed or blocked the author within the hour; with a `b` before it,
--                                those between whom and the author there is a block since then
--   disordered:{…}       hash    user -> position of the last change elsewhere than at the timeline's head
--   changes:{…}          hash    user -> what else happened to the feed, oldest first, 15 bytes each: position (7),
--                                whom or which hashtag it is about (7), why (1)
--   online:{…}           hash    user -> names of the nodes with clients of the user, eight characters each
--   seq:{…}              hash    node -> number of the last message to it
--   links:{…}            hash    node -> number of its newest connection
--   clock:{…}            string  the last position that was given
--   epoch:{…}            string  a name that changes when all of this was lost
--   renewed:{…}          string  the epoch was made another one, a moment ago
--   ended:{…}            string  there is a later layout: nothing is done in this one any more
--
-- An entry: post (7 bytes), position (7), author (7), flags (1), big endian. A marker: 0, the position below which
-- nothing can be told any more, the post from which on the list is complete, flags.

local call, pack, read = redis.call, struct.pack, struct.unpack
local base, tag = string.match(KEYS[1], '^(.*)clock:({[^}]*})$')
-- Who is late, for it hung or has lost its hold on the layout, must not bring a post to timelines that nobody reads.
if call('EXISTS', base .. 'ended:' .. tag) == 1 then
    return redis.error_reply('TRYAGAIN the site has another number of partitions now')
end
local lists = base .. 'tl:' .. tag .. ':'
local builds = base .. 'build:' .. tag .. ':'
local severances = base .. 'severed:' .. tag .. ':'
local disordered = base .. 'disordered:' .. tag
local changes = base .. 'changes:' .. tag
local online = base .. 'online:' .. tag
local numbers = base .. 'seq:' .. tag
local links = base .. 'links:' .. tag
local TOMBSTONE, MARKER, BUILDING, EDITED, UNTOLD = 1, 2, 4, 8, 16

-- Numbers of 15 digits and more would be rounded by Lua's own conversion.
local function decimal(number) return string.format('%.0f', number) end

local function now() return tonumber(call('GET', KEYS[1]) or '0') end

-- A new position: the time in microseconds, or one more than the last where time did not pass.
local function tick()
    local time = call('TIME')
    local position, last = time[1] * 1000000 + time[2], now()
    if position <= last then position = last + 1 end
    call('SET', KEYS[1], decimal(position))
    return position
end

local function epoch(candidate)
    local name = call('GET', base .. 'epoch:' .. tag)
    if not name then
        name = candidate
        call('SET', base .. 'epoch:' .. tag, name)
    end
    return name
end

-- A list's last entry: the position it can no longer tell about, from which id it is complete, its flags.
local function marker_of(list)
    local bytes = call('LINDEX', list, -1)
    if not bytes then return nil end
    local _, horizon, from, flags = read('>I7I7I7B', bytes)
    return horizon, from, flags
end

local function is_building(flags) return flags >= BUILDING end

-- Nodes of a user are names of eight characters, one behind the other. Whether one is among them, and the rest.
local function without(nodes, node)
    local rest, found = {}, false
    for start = 1, #nodes, 8 do
        local name = string.sub(nodes, start, start + 7)
        if name == node then found = true else rest[#rest + 1] = name end
    end
    return found, table.concat(rest)
end

local function leave(user, node)
    local nodes = call('HGET', online, user)
    if not nodes then return end
    local found, rest = without(nodes, node)
    if not found then return end
    if rest == '' then call('HDEL', online, user) else call('HSET', online, user, rest) end
end
