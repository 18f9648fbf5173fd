import RedisLink

/// The scripts that read and write timelines: nothing else does. Each works on one partition and is atomic.
///
/// The only key that a call names is the partition's clock; the scripts derive the others from it. All carry the same
/// hash tag, so a cluster routes the call by it.
struct TimelineScripts: Sendable {
    let deliver: RedisScript
    let register: RedisScript
    let unregister: RedisScript
    let beat: RedisScript
    var resume: RedisScript
    let page: RedisScript
    let begin: RedisScript
    let abandon: RedisScript
    let merge: RedisScript
    let sever: RedisScript
    let evict: RedisScript

    var all: [RedisScript] {
        [deliver, register, unregister, beat, resume, page, begin, abandon, merge, sever, evict]
    }

    /// - Parameter mutation: a rule to leave out, so that a test shows that it is needed.
    init(without mutation: TimelineMutation? = nil) {
        func script(_ parts: String...) -> RedisScript {
            RedisScript(([TimelineLua.prelude] + parts).joined(separator: "\n"))
        }
        deliver = script(TimelineLua.publish, TimelineLua.deliver(without: mutation))
        register = script(TimelineLua.fence, TimelineLua.register)
        unregister = script(TimelineLua.fence, TimelineLua.unregister)
        beat = script(TimelineLua.beat)
        resume = script(TimelineLua.resume)
        page = script(TimelineLua.page)
        begin = script(TimelineLua.begin)
        abandon = script(TimelineLua.abandon)
        merge = script(TimelineLua.publish, TimelineLua.rewrite, TimelineLua.merge(without: mutation))
        sever = script(TimelineLua.rewrite, TimelineLua.sever)
        evict = script(TimelineLua.publish, TimelineLua.evict)
    }
}

/// One part of the rule by which live clients miss nothing. Tests leave each out and must notice.
enum TimelineMutation: String, CaseIterable, Sendable {
    /// A late post or a delete is not noted in `disordered`.
    case note
    /// A backfill or a rebuild is not noted.
    case noteOfMerge
    /// A post that is in the list already is published again.
    case publishOnlyChanges
    /// Trimming does not raise the marker's position.
    case horizonOfTrim
    /// A rebuild leaves the marker's position at zero.
    case horizonOfRebuild
    /// A rebuild does not tell the nodes that hold the user.
    case tellOfRebuild
    /// A post that a follow brought in is not told when its delivery comes.
    case untold
    /// A delete does not leave a tombstone in a list that is being built.
    case tombstoneInBuild
    /// A builder that was overtaken may still end the rebuild.
    case token
    /// A merge brings back posts of authors who were unfollowed while it was prepared.
    case severedInMerge
    /// A post in flight lands after its author was unfollowed.
    case severedInDeliver
    /// A post from below what the list is complete from is inserted.
    case completeFrom
}

/// The scripts' texts, one file for each subject.
enum TimelineLua {
    /// Names, clock, epoch and entries, for all scripts.
    static let prelude = #"""
        local call, pack, read = redis.call, struct.pack, struct.unpack
        local base, tag = string.match(KEYS[1], '^(.*)clock:({[^}]*})$')
        local lists = base .. 'tl:' .. tag .. ':'
        local disordered = base .. 'disordered:' .. tag
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
        """#
}
