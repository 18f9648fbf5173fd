extension TimelineLua {
    /// A node's registrations name the connection over which they come. What is left of an older connection is refused:
    /// it may arrive late, and a client that came back meanwhile would never hear of anything again.
    static let fence = #"""
        local function is_stale(node, connection)
            local last = tonumber(call('HGET', links, node) or '0')
            if connection > last then call('HSET', links, node, connection) end
            return connection < last
        end

        local STALE = {err = 'STALE a newer connection of this node has come'}
        """#

    /// A node holds clients of this user. ARGV: user, node, epoch candidate, seconds that the list lives on, number of
    /// the node's connection.
    /// Returns: epoch, clock, number of the node's last message.
    static let register = #"""
        if is_stale(ARGV[2], tonumber(ARGV[5])) then return STALE end
        local nodes = call('HGET', online, ARGV[1]) or ''
        if not without(nodes, ARGV[2]) then call('HSET', online, ARGV[1], nodes .. ARGV[2]) end
        call('EXPIRE', lists .. ARGV[1], ARGV[4])
        return {epoch(ARGV[3]), now(), tonumber(call('HGET', numbers, ARGV[2]) or '0')}
        """#

    /// The node holds none of them any more. ARGV and result as for `register`.
    static let unregister = #"""
        if is_stale(ARGV[2], tonumber(ARGV[5])) then return STALE end
        leave(ARGV[1], ARGV[2])
        return {epoch(ARGV[3]), now(), tonumber(call('HGET', numbers, ARGV[2]) or '0')}
        """#

    /// A probe on the node's channel. ARGV: node, epoch candidate.
    /// Returns: epoch, clock, the probe's number, how many subscribers got it.
    ///
    /// A list that has expired or was evicted leaves its note in `disordered`: each beat looks at a few notes.
    static let beat = #"""
        for _, user in ipairs(call('HRANDFIELD', disordered, 8) or {}) do
            if call('EXISTS', lists .. user) == 0 then call('HDEL', disordered, user) end
        end
        local name, clock = epoch(ARGV[2]), now()
        local number = call('HINCRBY', numbers, ARGV[1], 1)
        local probe = pack('>BBI7I7', 1, 2, number, clock) .. name
        return {name, clock, number, call('PUBLISH', base .. 'node:' .. tag .. ':' .. ARGV[1], probe)}
        """#

    /// What a client missed. ARGV: user, epoch and position that it holds, epoch candidate.
    /// Returns: epoch, clock, state (0 no list, 1 being built, 2 reset, 3 missed), then for 3 the entries of which
    /// those above the position were missed; others may be among them.
    static let resume = #"""
        local list, position = lists .. ARGV[1], tonumber(ARGV[3])
        local result = {epoch(ARGV[4]), now(), 0}
        local horizon, _, flags = marker_of(list)
        if not horizon then
            call('HDEL', disordered, ARGV[1])
            return result
        end
        if is_building(flags) then
            result[3] = 1
            return result
        end
        -- A position from the future is one of a Redis that lost its latest writes.
        if result[1] ~= ARGV[2] or position < horizon or position > result[2] then
            result[3] = 2
            return result
        end
        result[3] = 3
        local whole = tonumber(call('HGET', disordered, ARGV[1]) or '0') > position
        local start, size = 0, whole and 1000 or 1
        while true do
            local chunk = call('LRANGE', list, start, start + size - 1)
            for index = 1, #chunk do result[#result + 1] = chunk[index] end
            if #chunk < size then return result end
            local id, changed = read('>I7I7', chunk[#chunk])
            if not whole and (changed <= position or id == 0) then return result end
            start = start + size
            size = math.max(size, 64)
        end
        """#

    /// A page. ARGV: user, id that all are below, limit, epoch candidate, seconds that the list lives on.
    /// Returns: epoch, clock, state (0 no list, 1 being built, 2 ready), then for 2: complete from, has the list
    /// ended (1), entries.
    static let page = #"""
        local list, before, limit = lists .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
        local result = {epoch(ARGV[4]), now(), 0}
        local horizon, from, flags = marker_of(list)
        if not horizon then return result end
        if is_building(flags) then
            result[3] = 1
            return result
        end
        result[3], result[4], result[5] = 2, from, 0
        call('EXPIRE', list, ARGV[5])
        local last = call('LLEN', list) - 1
        local start, stop = 0, last
        -- Ten looks instead of a walk over the pages before.
        while start < stop and before <= 9007199254740991 do
            local middle = math.floor((start + stop) / 2)
            if read('>I7', call('LINDEX', list, middle)) < before then stop = middle else start = middle + 1 end
        end
        while #result - 5 < limit do
            local chunk = call('LRANGE', list, start, math.min(start + limit - (#result - 5), last) - 1)
            if start >= last then chunk = {} end
            for index = 1, #chunk do
                local id, _, _, entry_flags = read('>I7I7I7B', chunk[index])
                if id < from then
                    result[5] = 1
                    return result
                end
                if entry_flags % 2 ~= TOMBSTONE then result[#result + 1] = chunk[index] end
            end
            if #chunk == 0 then
                result[5] = 1
                return result
            end
            start = start + #chunk
        end
        return result
        """#
}
