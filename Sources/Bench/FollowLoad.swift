import Core
import Glibc
import Runtime

/// What it costs an author to become popular at once: `martlet-bench follows`. Others follow the author at a fixed rate, each
/// once, while the author posts; before that the author posts alone.
struct FollowLoad {
    /// Posts a second.
    static let posts = 10.0
    private static let patience: UInt64 = 20_000_000_000
    /// Nanoseconds, of the responses to the author's posts: 99 % come in less.
    private static let bound: UInt64 = 50_000_000
    private let port: UInt16
    private let author: String
    private let id: Substring
    private let tokens: [String]
    private let rate: Double
    private let loop: OpenLoop

    /// - Parameters:
    ///   - author: an access token.
    ///   - tokens: of users who don't follow the author.
    ///   - rate: follows a second.
    init(port: UInt16, author: String, tokens: [String], rate: Double) throws {
        (self.port, self.author, self.tokens, self.rate) = (port, author, tokens, rate)
        let socket = try Socket(port: port)
        defer { close(socket.descriptor) }
        let (_, me) = try socket.request("GET", "/v1/me", token: author)
        guard let id = Self.value(of: "\"id\":\"", in: me) else { throw BenchError("who is it? \(me)") }
        self.id = id
        loop = try OpenLoop(port: port, connections: 400)
    }

    /// - Returns: the exit code.
    func run() throws -> Int32 {
        let seconds = Double(tokens.count) / rate
        _ = try measure("first posts", posts(seconds: 3))
        let alone = try measure("the author's posts alone", posts(seconds: 10))
        let before = try followers()
        let follows = tokens.enumerated().map { index, token in
            Arrival(
                kind: .follow, at: UInt64(Double(index) / rate * 1e9),
                request: request("PUT", "/v1/users/\(id)/follow", token))
        }
        let plan = (follows + posts(seconds: seconds)).sorted { $0.at < $1.at }
        let outcomes = try loop.run(plan, patience: Self.patience)
        let followed = summary("follows, \(Int(rate)) a second for \(Int(seconds)) s", plan, outcomes, .follow)
        let beside = summary("the author's posts beside them", plan, outcomes, .post)
        let accepted = followed.statuses[204] ?? 0
        let counted = try followers() - before
        say("followers: \(counted) more, \(accepted) were accepted of \(tokens.count)")
        say("the author's posts at p99: \(percent(Double(beside.p99) / Double(max(1, alone.p99)))) of alone")
        var failures: [String] = []
        if counted != accepted { failures.append("the counter is not exact") }
        if accepted < tokens.count { failures.append("follows were not accepted") }
        if beside.p99 > Self.bound { failures.append("the author's posts take \(ms(beside.p99)) at p99") }
        for failure in failures { say("FAILED: \(failure)") }
        return failures.isEmpty ? 0 : 1
    }

    private func posts(seconds: Double) -> [Arrival] {
        (0..<Int(seconds * Self.posts)).map { number in
            Arrival(
                kind: .post, at: UInt64((Double(number) + 0.5) / Self.posts * 1e9),
                request: request("POST", "/v1/posts", author, "{\"text\":\"popular \(number)\"}"))
        }
    }

    private func measure(_ name: String, _ plan: [Arrival]) throws -> Summary {
        summary(name, plan, try loop.run(plan, patience: Self.patience), .post)
    }

    private func summary(
        _ name: String, _ plan: [Arrival], _ outcomes: [Outcome], _ kind: Arrival.Kind
    ) -> Summary {
        let some = plan.indices.filter { plan[$0].kind == kind }
        let seconds = Double((plan.last?.at ?? 0) / 1_000_000_000 + 1)
        let summary = Summary(some.map { plan[$0] }, some.map { outcomes[$0] }, seconds: seconds)
        say("\(name): \(summary.line)")
        return summary
    }

    private func followers() throws -> Int {
        let socket = try Socket(port: port)
        defer { close(socket.descriptor) }
        let (_, me) = try socket.request("GET", "/v1/me", token: author)
        guard let count = Self.value(of: "\"followers\":", in: me).flatMap({ Int($0) }) else {
            throw BenchError("how many followers? \(me)")
        }
        return count
    }

    private static func value(of key: String, in text: String) -> Substring? {
        text.firstRange(of: key).map { text[$0.upperBound...].prefix { $0 != "\"" && $0 != "," && $0 != "}" } }
    }

    private func request(_ method: String, _ path: String, _ token: String, _ body: String = "") -> [UInt8] {
        let type = body.isEmpty ? "" : "Content-Type: application/json\r\n"
        return Array(
            ("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\(type)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
    }
}
