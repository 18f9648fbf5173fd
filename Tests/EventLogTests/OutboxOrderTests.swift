import Social
import Store
import Synchronization
import Testing

/// The relay takes events in the order of their transactions, which are numbers and not texts.
@Suite(.serialized) struct OutboxOrderTests {
    @Test func tenComesAfterNine() async throws {
        let database = try await TestPostgres.database.value
        let reader = OutboxReader(database: database)
        for xid in ["8", "9", "10", "11", "100"] {
            try await database.query(
                """
                INSERT INTO outbox (xid, topic, key, payload, headers)
                VALUES ($1::text::xid8, 'test.order', $1::text, '', '{}')
                """, [.text(xid)])
        }
        let moved = Mutex<[String]>([])
        for count in [2, 2, 1] {
            let outcome = try await reader.move(limit: 2) { rows in
                moved.withLock { $0 += rows.map(\.key) }
            }
            #expect(outcome == .moved(count))
        }
        #expect(moved.withLock { $0 } == ["8", "9", "10", "11", "100"])
        #expect(try await reader.move(limit: 2) { _ in } == .moved(0))
    }
}
