public import Core
public import Live
import Relations
import Store

/// Of whom a subscriber of a channel is told nothing.
extension FeedReader {
    /// Of what comes from now on. Who is not here says nothing.
    public func hiddenAuthors(from user: ID) async throws -> HiddenAuthors {
        HiddenAuthors(
            try await database.query(Audience.blocked(with: user, limit: HiddenAuthors.most + 1)).map {
                try $0.id("id")
            })
    }

    /// Those of these whom the user may be told of.
    public func listed(_ authors: Set<ID>, for user: ID) async throws -> Set<ID> {
        Set(
            try await database.query(
                """
                SELECT a.id FROM unnest(\(Array(authors))::bigint[]) a (id)
                WHERE \(Audience.isListed("a.id", for: "\(user)"))
                """
            ).map { try $0.id("id") })
    }
}
