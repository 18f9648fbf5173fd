import Core
public import Store
import Synchronization

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

    /// One transaction; for a key, kept by the name that the operation declares, at most one.
    public func run(
        _ request: RequestContext, _ body: @escaping @Sendable (Transaction) async throws -> StoredResponse
    ) async throws -> Response {
        guard let key = request.idempotencyKey, case .key(let kind) = request.idempotency else {
            let response = try await database.transaction(body)
            onCommit()
            return Self.response(response, isReplay: false)
        }
        let sent = Array("\(request.http.method) \(request.http.target)\n".utf8) + request.http.body
        let (response, isReplay) = try await idempotency.run(
            user: request.viewer ?? .zero, route: kind, key: key, request: sent, body)
        onCommit()
        return Self.response(response, isReplay: isReplay)
    }

    /// The same, where the transaction tells more than its response. A replay tells nothing: `nil`.
    public func run<Told: Sendable>(
        _ request: RequestContext,
        telling body: @escaping @Sendable (Transaction) async throws -> (StoredResponse, Told)
    ) async throws -> (response: Response, told: Told?) {
        let told = Mutex<Told?>(nil)
        let response = try await run(request) { transaction in
            let (response, value) = try await body(transaction)
            told.withLock { $0 = value }
            return response
        }
        return (response, response.isReplay ? nil : told.withLock { $0 })
    }

    private static func response(_ stored: StoredResponse, isReplay: Bool) -> Response {
        var headers: [(String, String)] = []
        if let location = stored.location { headers.append(("Location", location)) }
        if isReplay { headers.append(("Idempotency-Replayed", "true")) }
        if stored.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        let type = stored.status >= 400 ? Problem.contentType : "application/json"
        var response =
            stored.status == 204
            ? Response(status: 204, headers: headers)
            : Response.of(type, stored.body, status: stored.status, headers: headers)
        response.isReplay = isReplay
        return response
    }
}
