-- Each connection asks first: is what Redis holds what it held? It carries the id of the run of the server that
-- wrote it. Where that is another one, it was loaded from a snapshot, or comes from a replica that was behind, and may
-- lack what was written last. Then all of it goes, some at a time by whoever asks, and nobody is let in before.
--
-- KEYS: 1 a partition's clock
-- ARGV: 1 keys that a step looks at
-- Returns: 0 to be asked again, 1 go on, 2 the same, and this step was the last of a drop
--
-- Needs: prelude, dataset

local run, wrote = current_run(), call('GET', origin)
local place = call('HMGET', drops, 'run', 'cursor')
if not place[1] then
    if wrote == run then return 1 end
    if not wrote then
        -- Empty: nothing that anybody could miss. Otherwise it is of a version that wrote no run, or was flushed
        -- meanwhile; what has gone back without a word of its run is found by its mark.
        if call('DBSIZE') == 0 then call('SET', marks, 'new') end
        call('SET', origin, run)
        return 1
    end
end
-- A cursor means nothing in another run.
local found = call('SCAN', place[1] == run and place[2] or '0', 'COUNT', ARGV[1])
local doomed = {}
for _, key in ipairs(found[2]) do
    local kind = string.sub(key, 1, #base) == base and string.match(key, '^(%l+):{%d+%.%d+[%.%d]*}', #base + 1)
    -- What has ended stays so.
    if kind and kind ~= 'ended' then doomed[#doomed + 1] = key end
end
for start = 1, #doomed, 1000 do call('UNLINK', unpack(doomed, start, math.min(start + 999, #doomed))) end
if found[1] ~= '0' then
    call('HSET', drops, 'run', run, 'cursor', found[1])
    return 0
end
-- Who was let in before read what was still there: another epoch makes all live clients read anew.
local count, layout = string.match(tag, '^{(%d+)%.%d+(.*)}$')
for partition = 0, tonumber(count) - 1 do
    call('DEL', base .. 'epoch:{' .. count .. '.' .. decimal(partition) .. layout .. '}')
end
call('DEL', drops)
call('SET', origin, run)
call('SET', marks, 'new')
return 2
