extension Redis {
    /// A script, with its keys and arguments; an error reply is thrown.
    public func eval(
        _ script: RedisScript, keys: [RedisArgument], _ arguments: [RedisArgument]
    ) async throws(RedisError) -> RedisReply {
        try await eval(script(keys: keys, arguments))
    }

    /// One call; an error reply is thrown.
    public func eval(_ call: RedisScriptCall) async throws(RedisError) -> RedisReply {
        let reply = try await eval([call])[0]
        if case .error(let text) = reply { throw .server(text) }
        return reply
    }

    /// Calls of scripts in one go; their replies in the same order, error replies among them. Calls that Redis
    /// refused because it did not know the script are repeated with its source, in their order, after the others.
    public func eval(_ calls: [RedisScriptCall]) async throws(RedisError) -> [RedisReply] {
        var replies = try await pipeline(calls.map(\.byHash))
        let unknown = replies.indices.filter { replies[$0].isUnknownScript }
        guard !unknown.isEmpty else { return replies }
        for (index, reply) in zip(unknown, try await pipeline(unknown.map { calls[$0].bySource })) {
            replies[index] = reply
        }
        return replies
    }

    /// The same from the loop's own thread, without a hop.
    public func evalOnLoop(
        _ calls: [RedisScriptCall], _ completion: @escaping (Result<[RedisReply], RedisError>) -> Void
    ) {
        pipelineOnLoop(calls.map(\.byHash)) { [self] result in
            guard case .success(var replies) = result else { return completion(result) }
            let unknown = replies.indices.filter { replies[$0].isUnknownScript }
            guard !unknown.isEmpty else { return completion(result) }
            pipelineOnLoop(unknown.map { calls[$0].bySource }) { result in
                completion(
                    result.map { late in
                        for (index, reply) in zip(unknown, late) { replies[index] = reply }
                        return replies
                    })
            }
        }
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
