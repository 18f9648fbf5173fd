import Core
import HTTPService
import Store

/// Requests to follow a private account.
extension Graph {
    /// - Returns: true when there is a new follow; false when there was one before.
    /// - Throws: `Problem` when there is no request.
    func accept(
        _ transaction: Transaction, _ asker: ID, by target: ID, _ context: TraceContext
    ) async throws -> Bool {
        let results = try await transaction.batch([
            PairLock.statement(asker, target), FollowRequests.removed(asker: asker, target: target),
            audience(of: asker, for: target),
        ])
        let wasAsked = results[1].affected == 1
        guard let audience = try results[2].first.map({ try Audience($0) }), audience.isListed,
            wasAsked || audience.relation.followsYou
        else { throw Problem(.notFound, "user \(asker) does not ask to follow") }
        guard !audience.relation.followsYou else { return false }
        try begin(transaction, Follow(follower: asker, followee: target), wasAsked: true, context)
        return true
    }

    func refuse(_ transaction: Transaction, _ asker: ID, by target: ID, _ context: TraceContext) async throws {
        let results = try await transaction.batch([
            PairLock.statement(asker, target), FollowRequests.removed(asker: asker, target: target),
        ])
        guard results[1].affected == 1 else { return }
        transaction.later(told(.followUnrequested, Follow(follower: asker, followee: target), context))
    }
}
