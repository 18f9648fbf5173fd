-- Writes a list anew with the life it had. Shared.
--
-- Needs: prelude

local function rewrite(list, entries, marker)
    local life = call('PTTL', list)
    call('DEL', list)
    for start = 1, #entries, 1000 do
        call('RPUSH', list, unpack(entries, start, math.min(start + 999, #entries)))
    end
    call('RPUSH', list, marker)
    if life > 0 then call('PEXPIRE', list, life) end
end
