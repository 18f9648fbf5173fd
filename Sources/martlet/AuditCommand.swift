import Core
import DomainKit
import DomainRegistry
import Erasure
import Feed
import NodeLease
import Sidecars

/// `martlet audit`: compares what should be so with what is.
struct AuditCommand {
    static let help = """

        martlet audit erasure [--repair] [--setting value …]
          looks in all tables and in Redis for what is left of erased accounts, by other ways than those by which they were
          erased; prints what it finds, and then `N passed, N failed`: stores, for each account. It takes as long as to
          read all of it. --repair erases what is left, and looks again.
          Exit codes: 0 nothing is left, 1 something is.

        martlet audit feeds [--repair] [--users N | --all] [--setting value …]
          compares feeds, as they are in Redis and in feed_items, with posts, follows, hashtags and who may see what: of 1,000
          users taken at random, of N (100,000 at most), or of all; \(FeedAuditRun.perSecond) users a second at most. What looks
          wrong is looked at again for ten seconds: posts on their way to feeds are no failure. It prints those that are wrong,
          and then `N passed, N failed`. --repair drops the timeline that is wrong, so that the next read builds it, and has live
          clients read anew. A stray, a post that nobody sees and that was left behind, is printed and fails nobody.
          Exit codes: 0 all are right, or are now; 1 some are not.

        martlet notifier audit [--repair] [--setting value …]
          the same for the books of pushes alone: consumed is waiting, delivered, dead, expired, invalidated and suppressed

        martlet audit counts [--repair] [--setting value …]
          compares every counter with the rows that it counts (posts, follows, likes, …), also while they change; prints
          those that differ, and then `N passed, N failed`. --repair sets them right. Views are about, and are not compared.
          Exit codes: 0 all were right, or are now; 1 some are not.

        """

    private enum Subject: String {
        case erasure, counts, deliveries, feeds
    }

    private let subject: Subject
    private let repairs: Bool
    private let extent: FeedAuditRun.Extent
    private let configuration: Configuration

    init(_ arguments: [String]) throws {
        let words = arguments.prefix { !$0.hasPrefix("-") }
        guard words.count == 1, let subject = Subject(rawValue: words[0]) else {
            throw Failure(
                "martlet audit: what? martlet audit counts, erasure or feeds, see martlet help audit", exitCode: 2)
        }
        self.subject = subject
        var flags = Flags(arguments.dropFirst(), of: "audit")
        repairs = flags.has("--repair")
        extent = subject == .feeds ? try Self.extent(&flags) : .all
        configuration = try Configuration(try SettingsList.values(of: "audit", flags.arguments), for: "audit")
    }

    private static func extent(_ flags: inout Flags) throws -> FeedAuditRun.Extent {
        let isAll = flags.has("--all")
        guard let text = try flags.take("--users") else { return isAll ? .all : .sample(1_000) }
        guard !isAll else { throw flags.failure("--users or --all, not both") }
        guard let count = Int(text), 1...FeedAuditRun.mostUsers ~= count else {
            throw flags.failure("--users must be a number from 1 to \(FeedAuditRun.mostUsers)")
        }
        return .sample(count)
    }

    /// `martlet notifier audit`.
    static func ofNotifier(_ arguments: [String]) throws -> AuditCommand {
        try AuditCommand([Subject.deliveries.rawValue] + arguments)
    }

    func run() async throws {
        switch subject {
        case .erasure: try await auditErasure()
        case .counts: try await auditCounts(\.countAudits)
        case .feeds: try await auditFeeds()
        case .deliveries: try await auditCounts(\.devices.countAudits)
        }
    }

    private func auditCounts(_ audits: KeyPath<Domains, [CountAudit]>) async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            var (passed, failed) = (0, 0)
            for audit in site.domains[keyPath: audits] {
                passed += try await audit.run(site.connections.scans.database, repairs: repairs) { findings in
                    for finding in findings {
                        Console.say("\(repairs ? "repaired: " : "")\(Self.words(finding))")
                    }
                    failed += findings.count
                }
            }
            if repairs { (passed, failed) = (passed + failed, 0) }
            Console.say("\(passed) passed, \(failed) failed")
            guard failed == 0 else { throw Failure("some counters are not what they count") }
        }
    }

    private static func words(_ finding: CountAudit.Finding) -> String {
        "\(finding.name) of \(finding.id): \(finding.counted) counted, \(finding.found) found"
    }

    private func auditFeeds() async throws {
        try await Tools.withSite(configuration, needsSecret: false, node: NodeNumbers.tools) { site in
            try await site.neighbours.reached("redis") {
                try await site.connections.waitForRedis(milliseconds: 5000)
                let run = site.domains.feed.auditRun()
                let (passed, failed) = try await run.run(extent, repairs: repairs) { finding in
                    let what = finding.isFailure ? "" : "stray: "
                    Console.say("\(repairs ? "repaired: " : "")\(what)\(finding)")
                }
                Console.say("\(passed) passed, \(failed) failed")
                guard failed == 0 else { throw Failure("some feeds are not what posts and follows make of them") }
            }
        }
    }

    private func auditErasure() async throws {
        try await Tools.withSite(configuration, needsSecret: true, node: NodeNumbers.tools) { site in
            try await site.neighbours.reached("redis") { try await site.connections.waitForRedis(milliseconds: 5000) }
            let (report, repaired) = try await site.domains.erasure.audit.run(repairs: repairs)
            for finding in repaired { Console.say("repaired: \(Self.words(finding))") }
            for finding in report.findings { Console.say(Self.words(finding)) }
            Console.say("\(report.passed) passed, \(report.findings.count) failed")
            guard report.findings.isEmpty else { throw Failure("something is left of erased accounts") }
        }
    }

    private static func words(_ finding: ErasureAudit.Finding) -> String {
        let what = finding.count == 0 ? "was not looked at again in time" : "\(finding.count) left"
        return "deletion \(finding.deletion), \(finding.store): \(what)"
    }
}
