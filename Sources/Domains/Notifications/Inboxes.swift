import Core
import DomainKit
import Store

/// Writes down what users are notified of.
///
/// What an event says is looked up while the receivers' rows are locked: what is so is there then, and what is not so is not,
/// whatever was there before, and in whatever order the events come. For of two changes of one thing the second one's event is
/// handled behind its commit; so whoever is last to look finds what holds.
struct Inboxes: Sendable {
    /// Subjects of one transaction, and receivers of one page.
    static let most = 500
    /// Whose first receivers are read at once.
    private static let mostAtOnce = 20

    let database: Database
    let ids: IDGenerator

    /// Brings inboxes in line with what is so of some subjects of a kind. May run twice.
    func look(at subjects: [NotificationKind.Subject], _ kind: NotificationKind) async throws {
        let subjects = Self.once(subjects)
        guard let receivers = kind.receivers else {
            for part in subjects.parts(of: Self.most) { try await write(part, kind) }
            return
        }
        for part in subjects.parts(of: Self.mostAtOnce) {
            try await spread(part.map(\.what), kind, receivers)
        }
    }

    /// Each once; it begins where one of its events says so.
    private static func once(_ subjects: [NotificationKind.Subject]) -> [NotificationKind.Subject] {
        let beginning = Set(subjects.filter(\.begins))
        var seen: Set<NotificationKind.Subject> = []
        return subjects.filter { subject in
            let begun = NotificationKind.Subject(subject.what, subject.who, begins: true)
            return (subject.begins || !beginning.contains(begun)) && seen.insert(subject).inserted
        }
    }

    /// To many receivers: a page is a transaction. After a crash it begins anew, and passes over who has it.
    private func spread(
        _ whats: [ID], _ kind: NotificationKind, _ receivers: NotificationKind.Receivers
    ) async throws {
        let first = try await database.query(
            """
            SELECT a.what, r.user_id FROM unnest(\(whats)::bigint[]) a (what)
            CROSS JOIN LATERAL (\(receivers("a.what", "0::bigint", Self.most))) r ORDER BY a.what, r.user_id
            """
        ).map { NotificationKind.Subject(try $0.id("what"), try $0.id("user_id"), begins: true) }
        for part in first.parts(of: Self.most) { try await write(part, kind) }
        for (what, page) in Dictionary(grouping: first, by: \.what) where page.count == Self.most {
            var position = page[page.count - 1].who
            while true {
                let query = receivers("\(what)::bigint", "\(position)::bigint", Self.most)
                let more = try await database.query(query).map {
                    NotificationKind.Subject(what, try $0.id("user_id"), begins: true)
                }
                guard let last = more.last else { break }
                try await write(more, kind)
                position = last.who
            }
        }
    }

    private func write(_ subjects: ArraySlice<NotificationKind.Subject>, _ kind: NotificationKind) async throws {
        try await write(Array(subjects), kind)
    }

    private func write(_ subjects: [NotificationKind.Subject], _ kind: NotificationKind) async throws {
        let sql = KindSQL(kind: kind)
        let beginning = subjects.filter(\.begins)
        let base = try ids.next()
        try await database.transaction { transaction in
            let found: SQL = "SELECT c.user_id FROM notification_causes c JOIN subjects s ON \(sql.isFound)"
            let users = try await transaction.query(
                """
                WITH \(KindSQL.subjects(subjects)) \(found) UNION SELECT w.user_id FROM (\(sql.wanted)) w
                """
            ).map { try $0.id("user_id") }
            guard !users.isEmpty else { return }
            var statements = [InboxSQL.lock(users), sql.removed(subjects, of: users)]
            if !beginning.isEmpty {
                statements += [sql.added(beginning, to: users, base: base), InboxSQL.trimmed(users)]
            }
            try await transaction.commit(statements + [InboxSQL.settled(users)])
        }
    }

    // MARK: What is taken back

    /// What was about these, which are gone for good: posts with all that hangs on them, comments.
    func ended(_ objects: [ID]) async throws {
        try await takeBack(where: "c.post_id = ANY (\(objects)::bigint[])")
        try await takeBack(where: "c.object_id = ANY (\(objects)::bigint[])")
    }

    /// Causes that a condition holds of.
    /// - Parameters:
    ///   - users: whose they are, where that is known: then also those are found that somebody is about to write.
    ///   - condition: about `notification_causes c`.
    func takeBack(of users: [ID] = [], where condition: SQL) async throws {
        while try await database.transaction({ transaction in
            if !users.isEmpty { try await transaction.query(InboxSQL.lock(users)) }
            return try await Self.takeBack(transaction, where: condition)
        }) > 0 {}
    }

    /// Some of them.
    /// - Returns: how many; 0: there are none.
    static func takeBack(_ transaction: Transaction, where condition: SQL) async throws -> Int {
        let users = try await transaction.query(
            """
            SELECT DISTINCT c.user_id FROM (
                SELECT c.user_id FROM notification_causes c WHERE \(condition) LIMIT \(InboxSQL.mostTaken)) c
            """
        ).map { try $0.id("user_id") }
        guard !users.isEmpty else { return 0 }
        let results = try await transaction.batch(
            [
                InboxSQL.lockExisting(users), InboxSQL.takenBack(of: users, where: condition), InboxSQL.settled(users),
            ])
        return max(1, try results[1][0].int("gone"))
    }
}

extension Array {
    /// Behind each other, each with so many elements at most.
    fileprivate func parts(of most: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: most).map { self[$0..<Swift.min($0 + most, count)] }
    }
}
