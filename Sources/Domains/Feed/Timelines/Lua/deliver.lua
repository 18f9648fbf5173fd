-- An event to timelines of one partition.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 operation (1 created, 2 deleted, 3 updated), 2 post, 3 author, 4 payload, 5 cap: entries that a list keeps,
--       6 epoch candidate, 7 previous, 8 version of the message to nodes, 9 audience: 1 clients are told + 2 they
--       follow a hashtag of the post, 10… users
-- Returns: 1 lists that changed, 2 users told (for each of their nodes), 3 users who must read anew, 4 position
--
-- `payload`: as the message's version has it, see NodeMessage.swift.
--
-- `previous`: empty, or the author's post before (0: there is none), without which nothing is done to the author's own
-- list: the author must not see a post before an older one that is still under way.
--
-- Who is not told, for the author is muted, still has the post in the list: as what a follow brings in. Where it is
-- edited then nothing is done.
--
-- Who follows a hashtag of the post gets it although he has just unfollowed the author. Where there is a block since,
-- it is kept for the block's end, as that of a muted author. An edit may have given it the hashtag: then it is new to
-- the list.
--
-- Needs: prelude, publish

local CREATED, DELETED = 1, 2
local operation, post, author = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local cap = tonumber(ARGV[5])
-- Trimming costs; a tenth above the cap and the marker it is due.
local limit = cap + math.floor(cap / 10) + 1
local name = epoch(ARGV[6])
local version = tonumber(ARGV[8])
local position = tick()
local entry_flags = operation == DELETED and TOMBSTONE or operation == CREATED and 0 or EDITED
local audience = tonumber(ARGV[9])
local all_told, by_tag = audience % 2 == 1, audience >= 2
local told_entry = pack('>I7I7I7B', post, position, author, entry_flags)
local kept_entry = pack('>I7I7I7B', post, 0, author, UNTOLD)
-- For the user whose turn it is.
local is_told, entry

local function note(user) call('HSET', disordered, user, decimal(position)) end

local function trim(list)
    local cut = call('LRANGE', list, cap, -1)
    local _, horizon, from, flags = read('>I7I7I7B', cut[#cut])
    for index = 1, #cut - 1 do
        local _, changed = read('>I7I7', cut[index])
        horizon = math.max(horizon, changed)
    end
    call('LTRIM', list, 0, cap - 1)
    local oldest = read('>I7', call('LINDEX', list, -1))
    call('RPUSH', list, pack('>I7I7I7B', 0, horizon, math.max(from, oldest), flags))
end

-- The first entry that is not newer than the post: index, bytes, id. The marker at the latest.
local function find(list, wanted)
    local start = 0
    while true do
        local chunk = call('LRANGE', list, start, start + 63)
        for index = 1, #chunk do
            local id = read('>I7', chunk[index])
            if id <= wanted then return start + index - 1, chunk[index], id end
        end
        if #chunk < 64 then return nil end
        start = start + 64
    end
end

-- The post is in the list: nothing to do, unless a follow brought it in and nobody was told.
local function again(list, index, old, user)
    local _, _, _, flags = read('>I7I7I7B', old)
    if flags ~= UNTOLD or not is_told then return false end
    call('LSET', list, index, entry)
    if index > 0 then note(user) end
    return true
end

-- Returns whether the user is to be told; `nil`: nobody can be told of it but by reading the feed anew.
local function create(list, head, user)
    local newest = read('>I7', head)
    local older = head
    if newest >= post then
        local index, id
        index, older, id = find(list, post)
        if id == post then return again(list, index, older, user) end
    end
    -- A post from below that id is in the database only: the list has gaps around it, and no place where a resume
    -- would find it.
    if newest > post or newest == 0 then
        local _, from, flags = marker_of(list)
        if post < from then
            if not is_told or operation ~= CREATED then return false end
            call('LSET', list, -1, pack('>I7I7I7B', 0, position, from, flags))
            return nil
        end
    end
    local length
    if newest < post then
        length = call('LPUSHX', list, entry)
        -- A resume must not stop at its position.
        if not is_told then note(user) end
    else
        length = call('LINSERT', list, 'BEFORE', older, entry)
        note(user)
    end
    if length > limit then trim(list) end
    return is_told
end

local function change(list, head, user)
    local index, old, id = find(list, post)
    if id == post then
        local _, _, _, flags = read('>I7I7I7B', old)
        if flags % 2 == TOMBSTONE or not is_told then return false end
        call('LSET', list, index, entry)
        if index > 0 then note(user) end
        return true
    end
    if operation ~= DELETED then return by_tag and create(list, head, user) end
    local _, _, flags = marker_of(list)
    -- The builder may have read the post before it was deleted: its copy must find the tombstone.
    if is_building(flags) then
        if call('LINSERT', list, 'BEFORE', old, entry) > limit then trim(list) end
    end
    return false
end

-- A post that is an hour older is taken to have arrived long since: the list may have been trimmed above it.
local previous = tonumber(ARGV[7])
if previous and previous > 0 and post - previous < 3600000 * 4096 then
    local _, _, found = find(lists .. ARGV[3], previous)
    if found ~= previous then return {0, 0, 0, position} end
end

-- Who unfollowed or blocked the author while the post was under way.
local severed = {}
local severed_key = severances .. ARGV[3]
local may_be_severed = operation == CREATED
if by_tag then may_be_severed = all_told and operation ~= DELETED end
if may_be_severed and call('EXISTS', severed_key) == 1 then
    local members = {}
    for index = 10, #ARGV do members[index - 9] = by_tag and 'b' .. ARGV[index] or ARGV[index] end
    severed = call('SMISMEMBER', severed_key, unpack(members))
end

local told, missing, gone = {}, {}, {}
for index = 10, #ARGV do
    local user = ARGV[index]
    local is_severed = severed[index - 9] == 1 and user ~= ARGV[3]
    if by_tag or not is_severed then
        is_told = all_told and not is_severed
        entry = is_told and told_entry or kept_entry
        local list = lists .. user
        local head = call('LINDEX', list, 0)
        if not head then
            if is_told then missing[#missing + 1] = user end
            gone[#gone + 1] = user
        elseif operation == CREATED then
            local is_news = create(list, head, user)
            if is_news then told[#told + 1] = user end
            if is_news == nil then missing[#missing + 1] = user end
        elseif (is_told or by_tag) and change(list, head, user) then
            told[#told + 1] = user
        end
    end
end

-- Where the list is gone, there is nothing that its note could tell of.
if #gone > 0 then call('HDEL', disordered, unpack(gone)) end

local nodes, order = {}, {}
local function group(users, part)
    if #users == 0 then return end
    local fields = call('HMGET', online, unpack(users))
    for index = 1, #users do
        local field = fields[index] or ''
        for start = 1, #field, 8 do
            local node = string.sub(field, start, start + 7)
            if not nodes[node] then
                nodes[node] = {{}, {}}
                order[#order + 1] = node
            end
            table.insert(nodes[node][part], users[index])
        end
    end
end
group(told, 1)
group(missing, 2)

local pushed = 0
for _, node in ipairs(order) do
    local recipients, without_list = nodes[node][1], nodes[node][2]
    local body = packed(recipients) .. packed(without_list)
    if version == 1 then
        body = pack('>BI7I7', operation, post, author) .. body .. pack('>I4', #ARGV[4]) .. ARGV[4]
    else
        body = body .. ARGV[4]
    end
    local users = {unpack(recipients)}
    for _, user in ipairs(without_list) do users[#users + 1] = user end
    if send(node, version, 1, position, name, body, users) then pushed = pushed + #recipients end
end
return {#told, pushed, #missing, position}
