-- Channels that clients subscribe to: their keys, and which nodes have subscribers. Shared.
--
-- A channel lies in a partition, by a hash of its name, and has that partition's clock, epoch and numbers of messages:
-- what tells a node that it missed something of its users tells it of its channels, too.
--
--   o:{…}:<channel>  list    the log: a marker, then events, oldest first
--   s:{…}:<channel>  string  the last state: version (7), position (7), form (1), envelope
--   heard:{…}        hash    channel -> when a node registered it last, in seconds (7), names of the nodes
--
-- An event: position (7), form (1), envelope (Envelope+Bytes.swift). A marker: the position up to which nothing can be
-- told any more (7), when the log was begun as a position (7), bytes of the events (7), when the newest event was made
-- in milliseconds, a space, the epoch (an earlier version writes none), and for each source a space, its name, `=` and
-- the offset of its last event. A source is a partition of the event log.
--
-- Needs: prelude, publish

local logs = base .. 'o:' .. tag .. ':'
local states = base .. 's:' .. tag .. ':'
local heard = base .. 'heard:' .. tag
-- The form of what is stored, and the version of messages to nodes.
local FORM, VERSION = 1, 2

local function nodes_of(channel) return string.sub(call('HGET', heard, channel) or '', 8) end

-- The node has no subscriber of the channel any more.
local function deafen(channel, node)
    local entry = call('HGET', heard, channel)
    if not entry then return end
    local found, rest = without(string.sub(entry, 8), node)
    if not found then return end
    if rest == '' then
        call('HDEL', heard, channel)
    else
        call('HSET', heard, channel, string.sub(entry, 1, 7) .. rest)
    end
end

-- A message to each node with subscribers, in the format of ChannelMessage.swift. Returns how many got it.
local function spread(channel, kind, position, name, body)
    local nodes, told = nodes_of(channel), 0
    for start = 1, #nodes, 8 do
        local node = string.sub(nodes, start, start + 7)
        if send(node, VERSION, kind, position, name, pack('B', #channel) .. channel .. body, {}) then
            told = told + 1
        else
            deafen(channel, node)
        end
    end
    return told
end

-- What happened while there was none moved no clock. Its beginning does, so who was there before does not go on from
-- here.
local function begin_log(channel, began, life)
    call('RPUSH', logs .. channel, pack('>I7I7I7', tick(), began, 0))
    call('EXPIRE', logs .. channel, life)
end
