public import Core
import RedisLink

extension Timelines {
    /// A page of a user's timeline.
    /// - Parameters:
    ///   - before: all entries are older than this id; `nil`: from the newest.
    ///   - limit: how many entries at most, 1 or more.
    public func page(_ user: ID, before: ID? = nil, limit: Int) async throws -> PageResult {
        let bound = before?.raw ?? ID.max.raw + 1
        let arguments: [RedisArgument] = [
            .number(bound), .number(Int64(limit)), candidate(), .number(Int64(options.life)),
        ]
        let reply = try await redis.eval([call(scripts.page, of: user, arguments)])[0]
        let elements = try Self.elements(reply, atLeast: 3)
        switch elements[2].integer {
        case 0: return .missing
        case 1: return .building
        default:
            guard elements.count >= 5, let from = elements[3].integer else { throw RedisError.unexpectedReply("page") }
            return .ready(
                TimelinePage(
                    entries: try Self.entries(elements.dropFirst(5)), completeFrom: ID(raw: from),
                    hasEnded: elements[4] == .integer(1), cursor: try Self.cursor(elements)))
        }
    }
}
