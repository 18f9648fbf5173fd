import Consumers
import Core
import DeadLetters
import NodeLease
import Sidecars

/// `martlet dlq`: what consumer groups could not do, and what becomes of it.
struct DeadLetterCommand {
    static let help = """

        martlet dlq [list] [filter] [--limit N]
          how many dead letters there are of each group and reason, and the newest of them
        martlet dlq show ID
          one of them, with its headers and its bytes
        martlet dlq redrive [filter] [--rate N] [--dry-run] [--force] [--no-wait]
          gives them back to their groups, N a second (100); a worker does it, and goes on where it was after any end of
          it. One that has died three times again stays, but for --force. --no-wait does not wait until it is done.
          Without a filter only a dry run: --older 0 chooses all.
        martlet dlq progress ID
          how far a redrive is
        martlet dlq purge [filter] --yes N
          removes them for good, if there are N of them
        The filter: --group NAME, --reason malformed|refused|exhausted, --provider NAME, --id ID[,ID …],
        --older SECONDS, --newer SECONDS (since it died). Redrives and purges are in the audit.

        """

    private enum Verb: String {
        case list, show, redrive, progress, purge
    }

    private let verb: Verb
    private let configuration: Configuration
    private var filter = DeadLetterFilter()
    private let limit: Int
    private let rate: Int
    private let isDry: Bool
    private let isForced: Bool
    private let waits: Bool
    private let expected: Int?
    /// Of a letter, or of a redrive.
    private let number: Int64?

    init(_ arguments: [String]) throws {
        let words = Array(arguments.prefix { !$0.hasPrefix("-") })
        var flags = Flags(arguments.dropFirst(words.count), of: "dlq")
        guard let verb = Verb(rawValue: words.first ?? "list") else { throw flags.failure("there is no '\(words[0])'") }
        self.verb = verb
        number = try words.dropFirst().first.map { text in
            guard let id = Int64(text), id > 0 else { throw flags.failure("'\(text)' is no number of one") }
            return id
        }
        let needsNumber = verb == .show || verb == .progress
        guard words.count <= (needsNumber ? 2 : 1), (number != nil) == needsNumber else {
            throw flags.failure(
                needsNumber
                    ? "\(verb) needs the number of one \(verb == .show ? "letter" : "redrive")"
                    : "\(verb) takes no '\(words.last!)'")
        }
        (filter.group, filter.reason) = (try flags.take("--group"), try flags.take("--reason"))
        filter.provider = try flags.take("--provider")
        if let reason = filter.reason, Outcome.Death.Reason(rawValue: reason) == nil {
            throw flags.failure(
                "--reason is one of \(Outcome.Death.Reason.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        filter.ids = try flags.take("--id").map { try Self.numbers($0, flags) }
        let now = SystemClock().milliseconds()
        filter.before = try Self.number("--older", 0...1_000_000_000, &flags).map { now - Int64($0) * 1000 }
        filter.after = try Self.number("--newer", 0...1_000_000_000, &flags).map { now - Int64($0) * 1000 }
        limit = try Self.number("--limit", 0...10_000, &flags) ?? 20
        rate = try Self.number("--rate", DeadLetterDesk.rates, &flags) ?? 100
        (isDry, isForced) = (flags.has("--dry-run"), flags.has("--force"))
        waits = !flags.has("--no-wait")
        expected = try Self.number("--yes", 0...Int(Int32.max), &flags)
        configuration = try Configuration(try SettingsList.values(of: "dlq", flags.arguments), for: "dlq")
    }

    private static func number(_ flag: String, _ range: ClosedRange<Int>, _ flags: inout Flags) throws -> Int? {
        guard let text = try flags.take(flag) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw flags.failure("\(flag) '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func numbers(_ text: String, _ flags: Flags) throws -> [Int64] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let id = Int64(part), id > 0 else { throw flags.failure("--id '\(part)' is no number of a letter") }
            return id
        }
    }

    func run() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            let desk = site.domains.deadLetters.desk
            switch verb {
            case .list: try await list(desk.letters)
            case .show: try await show(desk.letters)
            case .redrive: try await redrive(desk, site)
            case .progress: try await progress(desk.letters)
            case .purge: try await purge(desk, site)
            }
        }
    }

    private func list(_ letters: DeadLetters) async throws {
        let sums = try await letters.sums(filter)
        for (group, count) in try await letters.parked().sorted(by: { $0.key < $1.key })
        where filter.group == nil || filter.group == group {
            Console.say("\(group): \(count) come again by themselves")
        }
        for sum in sums {
            let provider = sum.provider.map { " by \($0)" } ?? ""
            Console.say(
                "\(sum.group): \(sum.count) \(sum.reason)\(provider), since \(rfc3339(milliseconds: sum.oldest))")
        }
        if limit > 0 {
            for letter in try await letters.list(filter, limit: limit) { Console.say(Self.line(letter)) }
        }
        Console.say("\(sums.reduce(0) { $0 + $1.count }) dead letters")
    }

    private static func line(_ letter: DeadLetter) -> String {
        "#\(letter.id) \(rfc3339(milliseconds: letter.diedAt)) \(letter.group) "
            + "\(letter.topic)/\(letter.partition)@\(letter.offset) key \(quoted(letter.frame.key ?? [])) "
            + "\(letter.reason) after \(letter.attempts), redriven \(letter.redrives) times: \(harmless(letter.error))"
    }

    private func show(_ letters: DeadLetters) async throws {
        guard let (found, value) = try await letters.letter(number ?? 0) else {
            throw Failure("there is no dead letter \(number ?? 0)")
        }
        Console.say(Self.line(found))
        for header in found.frame.headers {
            Console.say("\(Self.harmless(header.name)): \(header.value.map(Self.quoted) ?? "(nothing)")")
        }
        Console.say("\(value.count) bytes: \(Self.quoted(value))")
    }

    /// What others have written does not steer the terminal.
    private static func harmless(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.properties.generalCategory != .control }.map(Character.init))
    }

    private static func quoted(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), harmless(text).utf8.elementsEqual(bytes) else {
            var writer = ByteWriter()
            writer.append(hex: bytes.prefix(4096))
            return "hex " + writer.string + (bytes.count > 4096 ? "…" : "")
        }
        return "'\(text)'"
    }

    private func redrive(_ desk: DeadLetterDesk, _ site: Site) async throws {
        let most = isForced ? Int(Int32.max) : DeadLetters.mostRedrives
        let (matching, tooOften) = try await desk.letters.matching(filter, mostRedrives: most)
        if tooOften > 0 { Console.say("\(tooOften) have died too often, and stay: --force takes them, too") }
        guard !isDry, matching > 0 else { return Console.say("\(matching) would be redriven") }
        guard !filter.choosesAll else {
            throw Failure(
                "which? --older 0 redrives all \(matching), and a filter some: see martlet help dlq", exitCode: 2)
        }
        let id = try await site.connections.routes.database.transaction { transaction in
            try await desk.redrive(
                transaction, filter, rate: rate, isForced: isForced, by: nil, TraceContext(requestID: "dlq"))
        }
        Console.say("redrive \(id) of \(matching)")
        while waits, let progress = try await desk.letters.progress(of: id) {
            if progress.isDone { return Console.say("\(progress.moved) redriven") }
            try await Task.sleep(nanoseconds: 200_000_000)
        }
    }

    private func progress(_ letters: DeadLetters) async throws {
        guard let progress = try await letters.progress(of: number ?? 0) else {
            throw Failure("there is no redrive \(number ?? 0)")
        }
        Console.say("\(progress.moved) redriven\(progress.isDone ? "" : ", and more to come")")
    }

    private func purge(_ desk: DeadLetterDesk, _ site: Site) async throws {
        let count = try await desk.letters.sums(filter).reduce(0) { $0 + $1.count }
        guard let expected, expected == count else {
            throw Failure("there are \(count) of them: martlet dlq purge … --yes \(count) removes them for good")
        }
        var gone = 0
        while gone < expected {
            let before = gone
            let some = try await site.connections.routes.database.transaction { transaction in
                try await desk.purge(
                    transaction, filter, most: expected - before, by: nil, TraceContext(requestID: "dlq"))
            }
            gone += some
            if some == 0 { break }
        }
        Console.say("\(gone) purged")
    }
}
