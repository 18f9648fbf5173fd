public import Core
public import Store

/// A place that can hold something of a user, as the domain declares it that writes there: a table, a family of keys in
/// Redis, a topic. Who leaves is taken out of each.
///
/// Domains list theirs in the order in which they are to be emptied.
public struct Holding: Sendable {
    /// What one step has done.
    public struct Step: Sendable, Equatable {
        public let removed: Int
        /// Where the next step goes on; `nil`: the pass is at its end.
        public let next: Int64?

        public init(removed: Int, next: Int64?) {
            (self.removed, self.next) = (removed, next)
        }
    }

    /// Takes out some of what is held of a user. May be repeated: a crash forgets what was not committed.
    /// - Parameters:
    ///   - transaction: what it does in PostgreSQL is committed together with how far it is.
    ///   - position: where the step before has ended; 0 at the first.
    ///   - limit: how much at most, more or less.
    public typealias Erase =
        @Sendable (
            _ transaction: Transaction, _ user: ID, _ position: Int64, _ limit: Int
        ) async throws -> Step

    public enum Means: Sendable {
        /// - Parameter count: how much is held; `nil`: that would cost as much as a pass. What a pass finds was held, and when
        ///   one finds nothing, nothing is.
        case erased(Erase, count: (@Sendable (ID) -> SQL)?)
        /// Nobody can take anything out of it: it forgets by itself. For how many hours after the last word of the user
        /// something may be left, why, and how it is seen then that nothing is.
        case agesOut(hours: Int, why: String, check: Check)
    }

    public enum Check: Sendable {
        /// A topic of the log: has it records of before the user's last word?
        case topic(String)
        /// How often the user is named, found by reading all there is.
        case count(@Sendable (ID) async throws -> Int)
    }

    /// Of each of these users who is still named how often, found in another way than by `Means`. Tables have no need of one:
    /// all numbers of the schema are looked at.
    public typealias Audit = @Sendable (Set<ID>) async throws -> [ID: Int]

    /// As receipts have it: `postgres.posts`.
    public let name: String
    /// Of a table: which columns name the user, or hold something of the user. For the test that knows the schema.
    public let columns: [String]
    public let means: Means
    public let audit: Audit?
    /// Takes out what an audit has found and `means` does not, for it finds things by others that are gone by then.
    public let repair: Erase?

    public init(
        _ name: String, columns: [String] = [], _ means: Means, audit: Audit? = nil, repair: Erase? = nil
    ) {
        (self.name, self.columns, self.means) = (name, columns, means)
        (self.audit, self.repair) = (audit, repair)
    }

    /// It forgets by itself.
    public var isAging: Bool { if case .agesOut = means { true } else { false } }

    /// Rows of a table that go as they are.
    /// - Parameters:
    ///   - table: its name.
    ///   - columns: that name the user.
    ///   - conditions: whether a row of the table is the user's; each is enough, and is looked for by itself, by an index.
    public static func rows(
        _ table: StaticString, _ columns: [String], where conditions: (@Sendable (_ user: SQL) -> SQL)...
    ) -> Holding {
        let rows = SQL(table)
        return Holding(
            "postgres.\(table)", columns: columns,
            .erased(
                { transaction, user, _, limit in
                    var gone = 0
                    for condition in conditions where gone < limit {
                        gone += try await transaction.query(
                            """
                            DELETE FROM \(rows) WHERE ctid = ANY (ARRAY(
                                SELECT ctid FROM \(rows) WHERE \(condition(.parameter(user))) LIMIT \(limit - gone)
                                FOR UPDATE))
                            """
                        ).affected
                    }
                    return Step(removed: gone, next: gone == 0 ? nil : 0)
                },
                count: { user in
                    let counts = conditions.map { condition -> SQL in
                        "(SELECT count(*) FROM \(rows) WHERE \(condition(.parameter(user))))"
                    }
                    return "SELECT \(counts.joined(separator: " + ")) AS count"
                }))
    }

    /// Rows that something else takes away, sooner or later; it is waited for.
    public static func passing(
        _ table: StaticString, _ columns: [String], where condition: @escaping @Sendable (_ user: SQL) -> SQL
    ) -> Holding {
        let rows = SQL(table)
        let count = { @Sendable (user: ID) -> SQL in
            "SELECT count(*) FROM \(rows) WHERE \(condition(.parameter(user)))"
        }
        return Holding(
            "postgres.\(table)", columns: columns, .erased({ _, _, _, _ in Step(removed: 0, next: nil) }, count: count))
    }

    /// A topic. A broker drops whole segments, which by its default hold a week more.
    public static func topic(_ plan: TopicPlan) -> Holding {
        Holding(
            "log.\(plan.name)",
            .agesOut(
                hours: plan.retentionHours + 24 * 7, why: "the event log forgets by age, not by user",
                check: .topic(plan.name)))
    }
}
