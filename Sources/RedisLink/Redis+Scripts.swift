extension Redis {
    /// One call; an error reply is thrown.
    public func eval(_ call: RedisScriptCall) async throws(RedisError) -> RedisReply {
        let reply = try await eval([call])[0]
        if case .error(let text) = reply { throw .server(text) }
        return reply
    }

    /// Calls of scripts in one go; their replies in the same order, error replies among them.
    ///
    /// The scripts are those of the link's options. One that Redis has forgotten (SCRIPT FLUSH) ends the connection, and
    /// with it all that is under way: a call that was sent again by itself would be carried out after calls that were
    /// given later.
    public func eval(_ calls: [RedisScriptCall]) async throws(RedisError) -> [RedisReply] {
        checkKnown(calls)
        return try await pipeline(calls.map(\.command))
    }

    /// The same from the loop's own thread, without a hop.
    public func evalOnLoop(
        _ calls: [RedisScriptCall], _ completion: @escaping (Result<[RedisReply], RedisError>) -> Void
    ) {
        checkKnown(calls)
        pipelineOnLoop(calls.map(\.command), completion)
    }

    /// Groups of calls in one go. Redis carries out those of a group with nothing between them, and then sends what they
    /// published: so that comes together.
    /// - Returns: the replies of each group.
    public func eval(together groups: [[RedisScriptCall]]) async throws(RedisError) -> [[RedisReply]] {
        for group in groups { checkKnown(group) }
        var commands: [[RedisArgument]] = []
        for group in groups {
            commands.append(["MULTI"])
            commands += group.map(\.command)
            commands.append(["EXEC"])
        }
        let replies = try await pipeline(commands)
        var results: [[RedisReply]] = []
        var end = -1
        for group in groups {
            end += group.count + 2
            guard let found = replies[end].elements, found.count == group.count else {
                throw .unexpectedReply("EXEC")
            }
            results.append(found)
        }
        return results
    }

    private func checkKnown(_ calls: [RedisScriptCall]) {
        assert(
            calls.allSatisfy { call in options.scripts.contains { $0.sha1 == call.script.sha1 } },
            "a script that is not among the link's options")
    }

    /// Commands between MULTI and EXEC: all or none, nothing else between them. Returns their replies, error replies
    /// among them; throws where Redis refused the whole (EXECABORT).
    public func transaction(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisReply] {
        let replies = try await pipeline([["MULTI"]] + commands + [["EXEC"]])
        switch replies[replies.count - 1] {
        case .array(let results) where results.count == commands.count: return results
        case .error(let text):
            let cause = replies.dropLast().lazy.compactMap { if case .error(let text) = $0 { text } else { nil } }.first
            throw .server(cause ?? text)
        default: throw .unexpectedReply("EXEC")
        }
    }
}
