public import Core
public import Live
import RedisLink

/// What consumers of the log need.
extension Channels {
    /// Those of them that have subscribers, or lately had some: nothing need be told to the others. Somebody who
    /// subscribes after the answer comes too late for what happened before it.
    public func known(_ channels: Set<ChannelName>) async throws -> Set<ChannelName> {
        var byPartition: [Int: [ChannelName]] = [:]
        for channel in channels { byPartition[partition(of: channel), default: []].append(channel) }
        let asked = Array(byPartition)
        let calls = asked.map { partition, names in
            timelines.call(scripts.heard, partition, names.map { .text($0.description) })
        }
        var known: Set<ChannelName> = []
        for (reply, (_, names)) in zip(try await timelines.redis.eval(calls), asked) {
            let answers = try Timelines.elements(reply, atLeast: names.count)
            for (name, answer) in zip(names, answers) where answer == .integer(1) { known.insert(name) }
        }
        return known
    }

    /// Channels of a kind that have subscribers, or lately had some: all that had some all the time, part by part.
    /// - Parameter kind: what comes before the colon.
    func heard(of kind: String, _ body: (Set<ChannelName>) async throws -> Void) async throws {
        for partition in 0..<timelines.partitions.count {
            var position: [UInt8] = Array("0".utf8)
            repeat {
                let call = timelines.call(scripts.listeners, partition, [.bytes(position), .text(kind)])
                let reply = try Timelines.elements(try await timelines.redis.eval(call), atLeast: 1)
                guard let next = reply[0].bytes else { throw RedisError.unexpectedReply("a part of the channels") }
                position = next
                let names = reply.dropFirst().compactMap { element in
                    element.bytes.flatMap { String(validating: $0, as: UTF8.self) }.flatMap { ChannelName($0) }
                }
                if !names.isEmpty { try await body(Set(names)) }
            } while position != Array("0".utf8)
        }
    }

    /// Tells events to the channels' subscribers, and keeps them for those who come back. Where there is nobody, nothing
    /// is done.
    ///
    /// May be repeated: what was told before is known by its offset, and told to nobody again (`tell.lua` has the rule).
    /// After an error some may have been told: repeat the whole.
    /// - Parameters:
    ///   - batch: by channel, in order of offsets.
    ///   - source: in which offsets only grow: topic and partition.
    @discardableResult
    public func publish(
        _ batch: [ChannelName: [ChannelPublication]], from source: String
    ) async throws -> ChannelCounts {
        precondition(!source.isEmpty && !source.utf8.contains { $0 <= 32 || $0 == UInt8(ascii: "=") }, "a source")
        // One call for a channel: it is carried out whole, so no event is told before one that goes first.
        let calls = batch.map { channel, events in
            let head: [RedisArgument] = [
                timelines.candidate(), .number(Int64(options.events)), .number(Int64(options.bytes)), life,
                .text(source),
            ]
            return call(scripts.tell, channel, head + events.flatMap(\.arguments))
        }
        var counts = ChannelCounts()
        for reply in try await inTurns(calls) {
            let numbers = try Timelines.elements(reply, atLeast: 3).map { Int($0.integer ?? 0) }
            counts.told += numbers[0]
            counts.repeated += numbers[1]
            counts.messages += numbers[2]
        }
        counts.measure()
        return counts
    }

    /// Tells the state of a channel, all of it, unless there is this version or a newer one. Where there is nobody, nothing
    /// is done: the domain tells it when somebody subscribes. `StateTurns` says how often.
    /// - Parameter version: grows with each change.
    /// - Returns: whether it is the newest now.
    @discardableResult
    public func publish(state: Envelope, version: Int64, on channel: ChannelName) async throws -> Bool {
        precondition(0..<1 << 53 ~= version, "a version")
        let arguments: [RedisArgument] = [
            timelines.candidate(), life, .number(version), .bytes(StoredEnvelope.bytes(of: state)),
        ]
        let reply = try await timelines.redis.eval([call(scripts.state, channel, arguments)])[0]
        return try Timelines.elements(reply, atLeast: 2)[0] == .integer(1)
    }

    /// Who may subscribe to these has changed: nodes ask again for each of their subscribers.
    public func recheck(_ channels: [ChannelName]) async throws {
        try await tell(channels.map { call(scripts.recheck, $0, [timelines.candidate()]) })
    }

    /// What these users may subscribe to has changed: nodes ask again for all of their channels.
    public func recheck(channelsOf users: [ID]) async throws {
        try await tell(users.map { timelines.call(scripts.recheckUser, of: $0, [timelines.candidate()]) })
    }

    private func tell(_ calls: [RedisScriptCall]) async throws {
        for reply in try await inTurns(calls) {
            if case .error(let text) = reply { throw RedisError.server(text) }
        }
    }

    /// Not all at once: see `Timelines.deliver`.
    private func inTurns(_ calls: [RedisScriptCall]) async throws -> [RedisReply] {
        var replies: [RedisReply] = []
        for start in stride(from: 0, to: calls.count, by: Self.pipelineLength) {
            let some = calls[start..<min(start + Self.pipelineLength, calls.count)]
            replies += try await timelines.redis.eval(Array(some))
        }
        return replies
    }
}
