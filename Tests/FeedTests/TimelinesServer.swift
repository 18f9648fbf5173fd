import Core
import Glibc
import RedisLink
import Runtime
import TestSupport

@testable import Feed

/// A redis-server of the test's own, on a socket in a temporary folder, and a link to it. It ends with the object.
final class TimelinesServer: Sendable {
    let address: RedisAddress
    let redis: Redis
    private let server: ServerProcess

    init() async throws {
        // A peer that has gone is told by the write's error.
        signal(SIGPIPE, SIG_IGN)
        server = try ServerProcess("timelines", "/usr/bin/redis-server") { folder in
            [
                "--port", "0", "--unixsocket", folder + "/redis.sock", "--save", "", "--appendonly", "no", "--dir",
                folder,
            ]
        }
        address = RedisAddress(endpoint: .unix(path: server.folder + "/redis.sock"))
        redis = try await Self.link(address)
        try await redis.waitUntilConnected(milliseconds: 10_000)
    }

    /// A link that knows the scripts of all tests.
    static func link(_ address: RedisAddress) async throws -> Redis {
        var options = Redis.Options()
        options.scripts = scripts
        return try await Redis(on: EventLoop(name: "timelines-test"), address: address, options: options)
    }

    private static let scripts: [RedisScript] = {
        // One that can't be made fails its own test.
        let mutated = (TimelineMutation.all + TimelineMutation.channels).compactMap { try? $0.scripts() }
        let all = ([TimelineScripts()] + mutated).flatMap(\.all)
        return Array(Dictionary(all.map { ($0.sha1, $0) }, uniquingKeysWith: { first, _ in first }).values)
    }()

    /// Timelines with keys of their own.
    func timelines(
        partitions: Int = 1, cap: Int = 800, changes: Int = 50, scripts: TimelineScripts = TimelineScripts(),
        form: @escaping @Sendable () -> NodeMessage.Form = { .operations }
    ) -> Timelines {
        var options = Timelines.Options()
        options.cap = cap
        options.changes = changes
        options.buildWait = 20
        options.form = form
        options.prefix = "t\(UInt32.random(in: 0 ... .max)):"
        return Timelines(
            redis: redis, partitions: Partitions(count: partitions), options: options, scripts: scripts)
    }
}

extension Timelines {
    /// The list as it is in Redis, its marker last; empty where there is none.
    func list(_ user: ID) async throws -> [TimelineEntry] {
        try await lists([user])[0]
    }

    func lists(_ users: [ID]) async throws -> [[TimelineEntry]] {
        try await redis.pipeline(users.map { ["LRANGE", .text(listKey($0)), 0, -1] }).map { reply in
            (reply.elements ?? []).map { TimelineEntry($0.bytes!)! }
        }
    }

    func ensureEmpty(_ users: ID...) async throws {
        for user in users { try await ensure(user) { RebuildEntries(entries: [], completeFrom: .zero) } }
    }
}
