#if DEBUG
/// `Mutation.lateScripts`: scripts are loaded when Redis does not know them, by sending the refused calls again. What was
/// given later, and not refused, goes first.
extension Redis {
    func evalLate(_ calls: [RedisScriptCall]) async throws(RedisError) -> [RedisReply] {
        let result = await withCheckedContinuation { continuation in
            loop.post { [self] in evalLateOnLoop(calls) { continuation.resume(returning: $0) } }
        }
        return try result.get()
    }

    func evalLateOnLoop(
        _ calls: [RedisScriptCall], _ completion: @escaping (Result<[RedisReply], RedisError>) -> Void
    ) {
        pipelineOnLoop(calls.map(\.command)) { [self] result in
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
}
#endif
