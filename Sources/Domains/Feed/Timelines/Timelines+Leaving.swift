import Core
import RedisLink

/// What is taken out when a user leaves for good.
extension Timelines {
    /// All that is kept for the user.
    /// - Returns: how much there was; 0: nothing any more.
    func purge(_ user: ID) async throws -> Int {
        // Who refuses the author's posts is known in each partition.
        try await removed((0..<partitions.count).map { call(scripts.purge, $0, [.number(user.raw)]) })
    }

    /// All that timelines of these users have of the author. Live clients are not told. One after the other, for a timeline is
    /// written anew and others wait for Redis meanwhile.
    /// - Returns: how much there was.
    func forget(_ author: ID, in users: [ID]) async throws -> Int {
        var gone = 0
        for user in users { gone += try await removed([call(scripts.forget, of: user, [.number(author.raw)])]) }
        return gone
    }

    /// What happened to feeds, all but posts, is forgotten when it is older than a position.
    /// - Returns: how much there was.
    func trimChanges(before position: Int64) async throws -> Int {
        var gone = 0
        for partition in 0..<partitions.count where !Task.isCancelled {
            var place: [UInt8] = Array("0".utf8)
            repeat {
                let step = call(scripts.trim, partition, [.bytes(place), .number(position)])
                let reply = try Self.elements(try await redis.eval(step), atLeast: 2)
                guard let next = reply[0].bytes, let count = reply[1].integer else {
                    throw RedisError.unexpectedReply("a part of the changes")
                }
                (place, gone) = (next, gone + Int(count))
            } while place != Array("0".utf8)
        }
        return gone
    }

    func removed(_ calls: [RedisScriptCall]) async throws -> Int {
        try await redis.eval(calls).reduce(0) { sum, reply in
            switch reply {
            case .integer(let count): return sum + Int(count)
            case .error(let text): throw RedisError.server(text)
            default: throw RedisError.unexpectedReply("how much there was")
            }
        }
    }
}
