import Core
import Store

/// How often a device is pushed to about one group: kept for as long as it matters (`PushPace`).
extension Deliveries {
    /// Asks for the turns of some that are about to be sent. What a newer one takes the place of ends as suppressed.
    /// - Parameters:
    ///   - groups: keys of notifications, by delivery; of a device and group one delivery.
    ///   - now: milliseconds since 1970.
    ///   - least: the least wait between two of a group, in milliseconds.
    /// - Returns: of each; of a user who is leaving nothing is kept, and all is `now`.
    public func turns(
        _ groups: [DeliveryKey: String], now: Int64, least: Int64
    ) async throws -> [DeliveryKey: PushTurn] {
        guard !groups.isEmpty else { return [:] }
        let asked = groups.sorted { ($0.key.user, $0.key.device, $0.value) < ($1.key.user, $1.key.device, $1.value) }
        let users = Set(asked.map(\.key.user)).sorted()
        return try await database.transaction { transaction in
            let rows = try await transaction.batch([DeliverySQL.lock(users), PaceSQL.rows(of: asked)])[1]
            var paces: [PaceSQL.Place: PushPace] = [:]
            for row in rows { paces[try PaceSQL.place(row)] = try PaceSQL.pace(row) }
            var turns: [DeliveryKey: PushTurn] = [:]
            var changed: Set<PaceSQL.Place> = []
            var replaced: [DeliveryEnd] = []
            for (key, group) in asked {
                let place = PaceSQL.Place(user: key.user, device: key.device, group: group)
                let before = paces[place] ?? PushPace()
                var pace = before
                let (turn, other) = pace.ask(key.notification, now: now, least: least)
                turns[key] = turn
                paces[place] = pace
                if pace != before { changed.insert(place) }
                if let other {
                    let key = DeliveryKey(user: key.user, device: key.device, notification: other)
                    replaced.append(DeliveryEnd(key, .suppressed, reason: .newer, attempts: 0))
                }
            }
            if !changed.isEmpty {
                let stored = PaceSQL.stored(changed.map { ($0, paces[$0]!) })
                try await transaction.batch([stored] + (replaced.isEmpty ? [] : [DeliverySQL.finished(replaced)]))
            }
            return turns
        }
    }

    /// Forgets some that say nothing any more.
    /// - Returns: how many; `most`: there may be more.
    func trimPaces() async throws -> Int {
        try await database.query(
            """
            DELETE FROM push_paces p USING (
                SELECT user_id, device_id, key FROM push_paces
                WHERE next_at < now() - interval '1 day' ORDER BY next_at LIMIT \(Self.most) FOR UPDATE SKIP LOCKED) o
            WHERE p.user_id = o.user_id AND p.device_id = o.device_id AND p.key = o.key
            """
        ).affected
    }
}
