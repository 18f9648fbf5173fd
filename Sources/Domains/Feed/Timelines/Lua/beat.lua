-- A probe on a node's channel.
--
-- KEYS: 1 the partition's clock
-- ARGV: 1 node, 2 epoch candidate
-- Returns: 1 epoch, 2 clock, 3 the probe's number, 4 how many subscribers got it
--
-- Needs: prelude

-- A list that has expired or was evicted leaves what was noted beside it: each beat looks at a few notes.
for _, notes in ipairs({disordered, changes}) do
    for _, user in ipairs(call('HRANDFIELD', notes, 8) or {}) do
        if call('EXISTS', lists .. user) == 0 then call('HDEL', notes, user) end
    end
end
local name, clock = epoch(ARGV[2]), now()
local number = call('HINCRBY', numbers, ARGV[1], 1)
local probe = pack('>BBI7I7', 1, 2, number, clock) .. name
return {name, clock, number, call('PUBLISH', base .. 'node:' .. tag .. ':' .. ARGV[1], probe)}
