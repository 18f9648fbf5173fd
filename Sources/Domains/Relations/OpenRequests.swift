import Accounts
import Core
import HTTPService
import Store

/// Accepts requests to accounts that are private no more: what going public has begun, and who asked at that very moment.
struct OpenRequests: Sendable {
    /// Accepted by the request that makes an account public, which waits for it; the rest comes with the upkeep.
    static let mostAtOnce = 100
    private static let mostOfUpkeep = 1_000
    private static let isPrivate = Problem(.conflict, "the account is private again")
    let database: Database
    let graph: Graph
    let changes: AudienceChanges

    /// Oldest request first. What fails is left to the upkeep.
    func accept(of target: ID, _ context: TraceContext) async {
        do {
            try await accept("r.target = \(target)", limit: Self.mostAtOnce, context)
        } catch {
            Log.warning(.requestsNotAccepted, ["request_id": .text(context.requestID), "error": .text("\(error)")])
        }
    }

    func acceptAll() async throws {
        try await accept("true", limit: Self.mostOfUpkeep, TraceContext(requestID: "upkeep"))
    }

    private func accept(_ condition: SQL, limit: Int, _ context: TraceContext) async throws {
        let open = try await database.query(
            """
            SELECT r.asker, r.target FROM follow_requests r JOIN users u ON u.id = r.target
            WHERE \(condition) AND NOT u.private AND NOT \(Standing.isAway("r.asker"))
                AND NOT \(Standing.isAway("r.target"))
            ORDER BY r.id LIMIT \(limit)
            """
        ).map { (asker: try $0.id("asker"), target: try $0.id("target")) }
        for (asker, target) in open where !Task.isCancelled {
            do {
                try await database.transaction { transaction in
                    // It may be private again.
                    let found = try await transaction.batch([
                        PrivacyLock.shared(target), "SELECT id FROM users WHERE id = \(target) AND NOT private",
                    ])
                    guard !found[1].isEmpty else { throw Self.isPrivate }
                    _ = try await graph.accept(transaction, asker, by: target, context)
                }
            } catch is Problem {
                // Or it was taken back meanwhile.
                continue
            }
            await changes.tell(.followed(target, by: asker, .accepted), requestID: context.requestID)
        }
    }
}
