public import Core
public import Store

/// Runs writes: each in one transaction, at most once for an idempotency key.
public struct Writes: Sendable {
    private let database: Database
    private let idempotency: Idempotency
    private let onCommit: @Sendable () -> Void

    /// - Parameter onCommit: called when something may be new in the outbox.
    public init(database: Database, idempotency: Idempotency, onCommit: @escaping @Sendable () -> Void) {
        self.database = database
        self.idempotency = idempotency
        self.onCommit = onCommit
    }

    /// Statements as one transaction in one round trip, for a request without a key.
    public func run(_ statements: [SQL]) async throws -> [PgRows] {
        let results = try await database.batch(statements)
        onCommit()
        return results
    }

    /// - Parameters:
    ///   - user: whose key it is; `ID.zero` for a caller who is not signed in.
    ///   - route: names the write, for the same key may be used with another.
    public func run(
        _ scope: RequestScope, user: ID, route: String,
        _ body: @escaping @Sendable (Transaction) async throws -> StoredAnswer
    ) async throws -> Answer {
        guard let key = try scope.idempotencyKey() else {
            let answer = try await database.transaction(body)
            onCommit()
            return Self.answer(answer, isReplay: false)
        }
        let request = Array("\(scope.request.method) \(scope.request.target)\n".utf8) + scope.request.body
        let (answer, isReplay) = try await idempotency.run(user: user, route: route, key: key, request: request, body)
        onCommit()
        return Self.answer(answer, isReplay: isReplay)
    }

    private static func answer(_ stored: StoredAnswer, isReplay: Bool) -> Answer {
        var headers: [(String, String)] = []
        if let location = stored.location { headers.append(("Location", location)) }
        if isReplay { headers.append(("Idempotency-Replayed", "true")) }
        if stored.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        var answer =
            stored.status == 204
            ? Answer(status: 204, headers: headers)
            : Answer.json(stored.body, status: stored.status, headers: headers)
        answer.isReplay = isReplay
        return answer
    }
}
