import Core
import Formats
import Layouts
import NodeLease
import Runtime
import Sidecars

/// `martlet partitions`: how many partitions the site has in Redis, and another number of them while it runs.
struct PartitionsCommand {
    static let help = """

        martlet partitions [--setting value …]
          how many partitions the timelines in Redis are spread over, and who works with them
        martlet partitions N [--setting value …]
          has the running site spread them over N partitions, a power of two from 1 to 1024. All processes end their work,
          as at a shutdown, and begin anew by themselves, under their numbers; the site is away for some seconds meanwhile,
          live clients come back and read their feeds anew, and timelines are built again from PostgreSQL. It takes itself
          back where a process does not end its work within \(SiteStore.patienceSeconds) s. It may be killed, as any process may, and given
          again. Versions before layouts can't run on the site any more.
        martlet partitions --log N [--setting value …]
          gives the topics of the event log N partitions, which must be more than they have, at most 512: so many processes may
          read one. First what there is is read to its end, while new events wait in the outbox; then all processes begin anew,
          as above. So each author's posts stay in their order. Only a record that waits to be tried again may come behind
          later ones.
          Exit codes: 0 done, 1 not, 2 wrong words.

        """

    private let wanted: Int?
    private let log: Int?
    private let configuration: Configuration

    init(_ arguments: [String]) throws {
        let words = Array(arguments.prefix { !$0.hasPrefix("-") })
        var flags = Flags(arguments.dropFirst(words.count), of: "partitions")
        log = try flags.take("--log").map { [flags] text in
            guard let number = Int(text), 1...512 ~= number else {
                throw flags.failure("--log '\(text)' is no number from 1 to 512")
            }
            return number
        }
        wanted = try words.first.map { word in
            guard let number = Int(word), 1...1024 ~= number, number & (number - 1) == 0 else {
                throw flags.failure("'\(word)' is no power of two from 1 to 1024")
            }
            return number
        }
        if wanted != nil && log != nil { throw flags.failure("one of the two at a time") }
        if words.count > 1 { throw flags.failure("one number, not '\(words[1])', too") }
        configuration = try Configuration(
            try SettingsList.values(of: "partitions", flags.arguments), for: "partitions")
    }

    func run() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            let database = site.connections.workers.database
            let store = SiteStore(database: database)
            guard let record = try await store.read() else {
                throw Failure("no process of the site has started yet: give the first ones MARTLET_PARTITIONS")
            }
            if let log { return try await growLog(of: site, to: log, store) }
            guard let wanted else { return try await show(record, store) }
            if record.next == nil, record.partitions == wanted {
                return Console.say("the site has \(wanted) partitions already")
            }
            try await enable(FormatStore(database: database))
            try await change(from: record, to: wanted, store)
        }
    }

    private func show(_ record: SiteRecord, _ store: SiteStore) async throws {
        Console.say("\(record.partitions) partitions, layout \(record.layout), since \(record.since)")
        if let log = record.logPartitions { Console.say("\(log) partitions of each topic of the event log") }
        if let prefix = record.topicPrefix { Console.say("topics begin with '\(prefix)'") }
        if let next = record.next {
            let words = record.nextLog.map { "--log \($0)" } ?? "\(next)"
            Console.say("a change is under way: martlet partitions \(words) goes on with it")
        }
        let holders = try await store.holders(of: record.layout)
        Console.say("Processes:" + (holders.isEmpty ? " none" : "") + holders.map { "\n  \($0)" }.joined())
    }

    private func enable(_ formats: FormatStore) async throws {
        do {
            let new = try await formats.enable([SiteStore.format.name], force: false)
            if !new.isEmpty { Console.say("enabled: the format \(SiteStore.format.name), for good") }
        } catch let error as FormatError {
            throw Failure(error.description)
        }
    }

    private func growLog(of site: Site, to log: Int, _ store: SiteStore) async throws {
        let record = try await LogGrowth.settled(store)
        guard let count = record.logPartitions else {
            throw Failure(
                "no process that reads the event log has started yet: give the first ones MARTLET_LOG_PARTITIONS")
        }
        if count == log { return Console.say("the event log has \(log) partitions already") }
        guard count < log else {
            throw Failure("the event log has \(count) partitions: it can be given more, not fewer", exitCode: 2)
        }
        try await enable(FormatStore(database: site.connections.workers.database))
        try await LogGrowth.with(site, log) { growth in
            try await change(from: record, to: record.partitions, store, growth: growth)
        }
    }

    /// - Parameter growth: of the log's topics, if that is what is changed.
    private func change(
        from record: SiteRecord, to wanted: Int, _ store: SiteStore, growth: LogGrowth? = nil
    ) async throws {
        let began = monotonicNanoseconds()
        let before = try await store.holders(of: record.layout)
        if try await store.ask(for: wanted, log: growth?.count, after: record) {
            let what = growth.map { "\(record.logPartitions ?? 0) -> \($0.count) partitions of the event log" }
            Console.say(
                "\(what ?? "\(record.partitions) -> \(wanted) partitions"): \(before.count) processes end their work")
        }
        var last = before
        while true {
            let now = try await store.read() ?? record
            if now.layout > record.layout { return try await report(now, wanted, before.count, since: began, store) }
            guard let next = now.next else {
                throw Failure(
                    "not changed: after \(SiteStore.patienceSeconds) s there is still who works with \(now.partitions) partitions, "
                        + "and all go on so: \(last.joined(separator: "; ")). End that process, or its session by "
                        + "SELECT pg_terminate_backend(…) where its machine is gone, and give the command again")
            }
            guard next == wanted, now.nextLog == growth?.count else { throw Failure("another change is under way") }
            let holders = try await store.holders(of: record.layout)
            if !holders.isEmpty { last = holders }
            // Where no process is there to do it, or none is left.
            if try await !store.advance(from: now, grow: growth?.grow), now.isOverdue {
                _ = try await store.giveUp(now)
            }
            try await Task.sleep(nanoseconds: 100_000_000)
        }
    }

    /// Waits until as many work in the new layout as did in the old one; not for ever, for one may have been ended meanwhile.
    private func report(
        _ record: SiteRecord, _ wanted: Int, _ count: Int, since began: UInt64, _ store: SiteStore
    ) async throws {
        guard record.partitions == wanted, log == nil || log == record.logPartitions else {
            throw Failure("another change went before: see martlet partitions")
        }
        Console.say(
            "the site has \(log.map { "\($0) partitions of the event log" } ?? "\(wanted) partitions"), after \(Self.seconds(since: began)) s"
        )
        var back = 0
        repeat {
            back = try await store.holders(of: record.layout).count
            if back >= count { break }
            try await Task.sleep(nanoseconds: 100_000_000)
        } while monotonicNanoseconds() - began < UInt64(SiteStore.patienceSeconds) * 1_000_000_000
        Console.say("\(back) of \(count) processes are back after \(Self.seconds(since: began)) s")
    }

    private static func seconds(since began: UInt64) -> String {
        let tenths = (monotonicNanoseconds() - began) / 100_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
