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

-- Posts that were given in one text, 7 bytes each.
local function set(packed)
    local posts = {}
    for start = 1, #packed, 7 do posts[read('>I7', packed, start)] = true end
    return posts
end
