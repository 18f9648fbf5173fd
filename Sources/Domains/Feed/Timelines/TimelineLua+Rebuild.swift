extension TimelineLua {
    /// Writes a list anew with the life it had.
    static let rewrite = #"""
        local function rewrite(list, entries, marker)
            local life = call('PTTL', list)
            call('DEL', list)
            for start = 1, #entries, 1000 do
                call('RPUSH', list, unpack(entries, start, math.min(start + 999, #entries)))
            end
            call('RPUSH', list, marker)
            if life > 0 then call('PEXPIRE', list, life) end
        end
        """#

    /// ARGV: user, token, epoch candidate, seconds that the list lives, milliseconds after which another builder is
    /// taken for dead, milliseconds that the token lives.
    /// Returns 0: there is a list, 1: somebody builds it, 2: the caller builds it.
    static let begin = #"""
        local list, build = lists .. ARGV[1], base .. 'build:' .. tag .. ':' .. ARGV[1]
        epoch(ARGV[3])
        local horizon, _, flags = marker_of(list)
        if horizon and not is_building(flags) then return 0 end
        if horizon and call('PTTL', build) > ARGV[6] - ARGV[5] then return 1 end
        call('SET', build, ARGV[2], 'PX', ARGV[6])
        if not horizon then
            call('HDEL', disordered, ARGV[1])
            call('RPUSH', list, pack('>I7I7I7B', 0, tick(), 0, MARKER + BUILDING))
            call('EXPIRE', list, ARGV[4])
        end
        return 2
        """#

    /// The builder gives up: the next one need not wait. ARGV: user, token.
    static let abandon = #"""
        local build = base .. 'build:' .. tag .. ':' .. ARGV[1]
        if call('GET', build) == ARGV[2] then call('DEL', build) end
        return 0
        """#

    /// ARGV: user, token ('' for a backfill), complete from, cap, epoch candidate, entries: post and author, 7 bytes
    /// each, newest first.
    /// Returns 0: no list, 1: merged, 2: the token has been overtaken.
    static func merge(without mutation: TimelineMutation?) -> String {
        let note = mutation == .noteOfMerge ? "" : "call('HSET', disordered, user, decimal(position))"
        let rebuilt = mutation == .horizonOfRebuild ? "0" : "position"
        let tell = mutation == .tellOfRebuild ? "" : "reset(user, position, epoch(ARGV[5]))"
        let isOvertaken = mutation == .token ? "false" : "call('GET', build) ~= ARGV[2]"
        let isSevered = mutation == .severedInMerge ? "0" : "call('SISMEMBER', key, user)"
        return #"""
            local user, from, cap, added = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[6]
            local list, build = lists .. user, base .. 'build:' .. tag .. ':' .. user
            local is_rebuild = ARGV[2] ~= ''
            local old = call('LRANGE', list, 0, -1)
            if #old == 0 then return 0 end
            local _, horizon, old_from, flags = read('>I7I7I7B', old[#old])
            if is_rebuild and (not is_building(flags) or \#(isOvertaken)) then return 2 end
            from = math.max(from, old_from)

            local severed = {}
            local function is_severed(author)
                if severed[author] == nil then
                    local key = base .. 'severed:' .. tag .. ':' .. decimal(author)
                    severed[author] = \#(isSevered) == 1 and decimal(author) ~= user
                end
                return severed[author]
            end

            -- Both run from the newest to the oldest; of two with one id that in the list stays, a tombstone too.
            local entries, next_old, next_added = {}, 1, 1
            while next_old < #old or next_added <= #added do
                local id = next_old < #old and read('>I7', old[next_old]) or -1
                local post, author = -1, 0
                if next_added <= #added then post, author = read('>I7I7', added, next_added) end
                if id >= post then
                    entries[#entries + 1] = old[next_old]
                    next_old = next_old + 1
                    if id == post then next_added = next_added + 14 end
                else
                    if post >= from and not is_severed(author) then
                        entries[#entries + 1] = pack('>I7I7I7B', post, 0, author, is_rebuild and 0 or UNTOLD)
                    end
                    next_added = next_added + 14
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
                horizon, flags = \#(rebuilt), MARKER
                call('DEL', build)
            end
            rewrite(list, entries, pack('>I7I7I7B', 0, horizon, from, flags))
            -- Entries with position 0 stand among newer ones now: a resume must not stop at them.
            \#(note)
            if is_rebuild then \#(tell) end
            return 1
            """#
    }

    /// A user unfollowed or blocked an author. ARGV: user, author, seconds for which deliveries under way are refused.
    /// Returns how many entries were taken out.
    ///
    /// Nothing is noted in `disordered`: entries above a position stand at the head in one piece, and what is taken
    /// out of such a piece leaves the rest in one piece. Tombstones stay: a client that saw the post still hears of
    /// its end.
    static let sever = #"""
        local user, author = ARGV[1], tonumber(ARGV[2])
        local key, list = base .. 'severed:' .. tag .. ':' .. ARGV[2], lists .. user
        call('SADD', key, user)
        call('EXPIRE', key, ARGV[3])
        local old = call('LRANGE', list, 0, -1)
        local entries = {}
        for index = 1, #old - 1 do
            local _, _, who, flags = read('>I7I7I7B', old[index])
            if who ~= author or flags % 2 == TOMBSTONE then entries[#entries + 1] = old[index] end
        end
        local gone = #old - 1 - #entries
        if gone > 0 then rewrite(list, entries, old[#old]) end
        return math.max(gone, 0)
        """#
}
