public import Administration
import Consumers
import Core
public import DomainKit
public import EventLog
public import HTTPService
import Store

/// What consumer groups could not do, for admins and the operator.
public struct DeadLettersDomain: Domain {
    public static let topics = [TopicPlan(DeadLetters.topic, retentionHours: DeadLetters.keptHours)]

    public let desk: DeadLetterDesk
    private let resources: Resources

    public init(_ resources: Resources, administration: AdministrationDomain) {
        self.resources = resources
        desk = DeadLetterDesk(
            letters: DeadLetters(database: resources.database),
            administration: administration.administration, clock: resources.clock)
    }

    public var operations: [Operation] {
        DeadLetterOperations(
            desk: desk, writes: resources.writes, lists: resources.lists, cursors: resources.cursors
        ).all
    }

    private var workers: DeadLetters { DeadLetters(database: resources.connections.workers.database) }

    public func jobs(_ log: any EventLog) -> [Job] {
        let letters = workers
        return [
            Job("redrive", restSeconds: 0.25) {
                while try await letters.step() {}
                return .idle
            }
        ]
    }

    public var upkeep: [UpkeepStep] {
        let (letters, clock, gauges) = (workers, resources.clock, DeadLetterGauges())
        return [
            .count("count dead letters") {
                gauges.set(
                    sums: try await letters.sums(), parked: try await letters.parked(), now: clock.milliseconds())
            },
            UpkeepStep("remove old dead letters", while: DeadLetters.mostTrimmed) {
                try await letters.trim(now: clock.milliseconds())
            },
        ]
    }

    /// Records name users in their bytes, where no index finds them; they go by age.
    public var holdings: [Holding] {
        [
            holding("postgres.parked_records", "it comes again soon, and is a dead letter at the latest then") {
                "SELECT count(*) FROM parked_records WHERE \($0)"
            },
            holding("postgres.dead_letters", "dead letters are kept for two weeks, to be redriven") {
                "SELECT count(*) FROM dead_letters WHERE \($0)"
            },
        ]
    }

    private func holding(_ name: String, _ why: String, count: @escaping @Sendable (SQL) -> SQL) -> Holding {
        let database = resources.connections.scans.database
        return Holding(
            name,
            .agesOut(
                hours: DeadLetters.keptHours + 24, why: why,
                check: .count { user in
                    let digits = SQL.parameter(Array(user.description.utf8))
                    let names: SQL = "(position(\(digits) IN frame) > 0 OR position(\(digits) IN value) > 0)"
                    return try await database.query(count(names))[0].int("count")
                }))
    }
}
