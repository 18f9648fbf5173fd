import Core
import Crypto
import SiteKeys
import Store
import Synchronization

/// Goes through whose deletions were, and seals anew what another secret of the site has sealed. Only while there are other secrets:
/// then again and again, some at a time.
final class SealedSubjects: Sendable {
    private static let most = 1000

    private struct State {
        var last = ID.zero
        /// Of this pass.
        var left = 0
    }

    private let secrets: SiteSecrets
    /// Opens what needs no other secret.
    private let own: Subjects
    private let state = Mutex(State())

    init(secrets: SiteSecrets) {
        self.secrets = secrets
        own = Subjects(box: SealedBox(key: secrets.keys("erased users").current))
    }

    /// - Returns: at the end of a pass, how many the secret that signs does not open.
    func step(_ database: Database, _ subjects: Subjects) async throws -> Int? {
        guard secrets.isRotating else { return nil }
        let last = state.withLock { $0.last }
        let results = try await database.batch([
            "SELECT \(SecretRegister.allSign(with: secrets.mark)) AS seals",
            """
            SELECT id, subject FROM deletions WHERE subject IS NOT NULL AND id > \(last) ORDER BY id LIMIT \(Self.most)
            """,
        ])
        let seals = try results[0][0].bool("seals")
        var (left, anew) = (0, [(id: ID, box: [UInt8])]())
        for row in results[1] {
            let (id, box) = (try row.id("id"), try row.bytes("subject"))
            guard own.open(box, of: id) == nil else { continue }
            if seals, let user = subjects.open(box, of: id) {
                anew.append((id, subjects.seal(user, of: id)))
            } else {
                left += 1
            }
        }
        if !anew.isEmpty {
            try await database.query(
                """
                UPDATE deletions d SET subject = a.box
                FROM unnest(\(anew.map(\.id))::bigint[], \(anew.map(\.box))::bytea[]) a (id, box) WHERE d.id = a.id
                """)
        }
        let end = try results[1].last?.id("id")
        return state.withLock { state in
            state.left += left
            guard results[1].count < Self.most else {
                state.last = end ?? .zero
                return nil
            }
            defer { state = State() }
            return state.left
        }
    }
}
