import Core
import Glibc
import Runtime

/// How a server behaves at twice the load that it can carry: `martlet-bench overload`.
///
/// Goodput is what was accepted (2xx) within a second of its planned time. Steps of rising load find the most that the
/// server takes for a moment; sending that for longer shows what it carries, with all that comes after a request. Then
/// comes twice as much, and at once after it half as much, to see how long the trouble lasts, and once more what it
/// carries. Goodput under overload is held against the mean of before and after: on a machine with neighbours the steps
/// may have had a better minute. The first two seconds of a phase fill queues and are not counted.
final class Overload {
    struct Options {
        var mix = "post=1"
        var firstRate = 200.0
        var stepSeconds = 4.0
        var overloadSeconds = 20.0
        var recoverySeconds = 12.0
        var connections = 1500
    }

    private static let second: UInt64 = 1_000_000_000
    private let port: UInt16
    private let options: Options
    private let mix: Mix
    private let loop: OpenLoop
    private let followers: Followers
    private let followerToken: String
    private var followed: Int { min(10, mix.authors.count) }
    private var nextPost = 0
    /// The answers to posts, by number.
    private var postStatus: [Int: Int] = [:]
    private var failures: [String] = []

    /// - Parameters:
    ///   - follower: token of the user who follows all authors, and whom all readers follow.
    ///   - tokens: of users; half of them post, half read.
    init(port: UInt16, handle: String, password: String, follower: String, tokens: [String], _ options: Options) throws
    {
        self.port = port
        self.options = options
        let run = "load-\(monotonicNanoseconds())"
        mix = Mix(
            weights: try Mix.weights(options.mix), authors: Array(tokens[..<(tokens.count / 2)]),
            readers: Array(tokens[(tokens.count / 2)...]), handle: handle, password: password, run: run)
        loop = try OpenLoop(port: port, connections: options.connections)
        followers = Followers(port: port, run: run)
        followerToken = follower
    }

    /// - Returns: the exit code.
    func run() throws -> Int32 {
        try prepare()
        let finished = Gate()
        startThread(name: "follower") { [followers, followerToken] in
            do { try followers.run(tokens: [followerToken]) } catch {
                say("follower: \(error)")
                exit(1)
            }
            finished.open()
        }
        try until(20, "the follower is connected") { followers.connectedCount == 1 }
        let before = try carry(try findMaximum(), "as much as it takes")
        guard before > 0 else { throw BenchError("nothing was answered within a second under as much as it takes") }
        let overloaded = try overload(before)
        let after = try carry(before, "as much as it carried before")
        let share = overloaded / ((before + after) / 2)
        say("goodput at twice the load: \(percent(share)) of what it was at the load that is carried")
        if share < 0.8 { failures.append("goodput fell to \(percent(share)); 80 % must stay") }
        try checkDeliveries()
        followers.end()
        finished.wait()
        for failure in failures { say("FAILED: \(failure)") }
        return failures.isEmpty ? 0 : 1
    }

    /// The follower follows some authors: a timeline holds 800 posts, which all authors together write in a second, and a
    /// post that comes behind 800 newer ones is not pushed. The readers have something to read.
    private func prepare() throws {
        let socket = try Socket(port: port)
        for author in mix.authors[..<followed] {
            let (_, me) = try socket.request("GET", "/v1/me", token: author)
            guard let id = me.firstRange(of: "\"id\":\"").map({ me[$0.upperBound...].prefix { $0 != "\"" } }) else {
                throw BenchError("who is it? \(me)")
            }
            let (status, answer) = try socket.request("PUT", "/v1/users/\(id)/follow", token: followerToken)
            guard status == 204 else { throw BenchError("follow: \(status) \(answer)") }
        }
        for number in 0..<30 {
            let body = "{\"text\":\"something to read \(number)\"}"
            let (status, answer) = try socket.request("POST", "/v1/posts", token: followerToken, body: body)
            guard status == 201 else { throw BenchError("post: \(status) \(answer)") }
        }
        close(socket.descriptor)
    }

    // MARK: Phases

    private func findMaximum() throws -> Double {
        var best = 0.0
        var rate = options.firstRate
        var stepsWithoutGain = 0
        // The first step warms up and counts for nothing.
        _ = try send(mix.plan(rate: rate / 2, begin: 0, seconds: 2, firstPost: &nextPost))
        while stepsWithoutGain < 2 {
            let (plan, outcomes) = try send(
                mix.plan(rate: rate, begin: 0, seconds: options.stepSeconds, firstPost: &nextPost))
            let summary = Summary(plan, outcomes, seconds: options.stepSeconds)
            say("  \(Int(rate)) a second: \(summary.line)")
            stepsWithoutGain = summary.goodput < best * 1.05 ? stepsWithoutGain + 1 : 0
            best = max(best, summary.goodput)
            rate *= summary.goodput > rate * 0.95 ? 1.6 : 1.25
        }
        say("maximum goodput: \(Int(best)) a second (\(options.mix))")
        return best
    }

    private func carry(_ rate: Double, _ name: String) throws -> Double {
        let seconds = options.overloadSeconds / 2
        let (plan, outcomes) = try send(mix.plan(rate: rate, begin: 0, seconds: seconds, firstPost: &nextPost))
        let summary = settled(plan, outcomes, seconds)
        say("\(name): \(summary.line)")
        return summary.goodput
    }

    private func settled(_ plan: [Arrival], _ outcomes: [Outcome], _ seconds: Double) -> Summary {
        let first = plan.firstIndex { $0.at > 2 * Self.second } ?? 0
        return Summary(Array(plan[first...]), Array(outcomes[first...]), seconds: seconds - 2)
    }

    private func overload(_ maximum: Double) throws -> Double {
        let seconds = options.overloadSeconds
        var plan = mix.plan(rate: maximum * 2, begin: 0, seconds: seconds, firstPost: &nextPost)
        let during = plan.count
        plan += mix.plan(
            rate: maximum / 2, begin: seconds, seconds: options.recoverySeconds, firstPost: &nextPost)
        let (_, outcomes) = try send(plan)
        let summary = settled(Array(plan[..<during]), Array(outcomes[..<during]), seconds)
        say("twice as much for \(Int(seconds)) s: \(summary.line)")
        for kind in Arrival.Kind.allCases where mix.weights.contains(where: { $0.0 == kind }) {
            let some = (0..<during).filter { plan[$0].kind == kind }
            say("  \(kind.rawValue): \(settled(some.map { plan[$0] }, some.map { outcomes[$0] }, seconds).line)")
        }
        if summary.p99 > Self.second {
            failures.append("p99 of what was accepted is \(ms(summary.p99)); 1 s is allowed")
        }
        if loop.withoutRetryAfter > 0 { failures.append("\(loop.withoutRetryAfter) refusals without Retry-After") }
        let others = summary.others
        if !others.isEmpty { failures.append("answers that are neither 2xx nor 429 or 503: \(others)") }
        recovery(Array(plan[during...]), Array(outcomes[during...]), from: seconds)
        let late = loop.ownDelays.sorted()
        say("the generator itself was late by p50 \(ms(late[late.count / 2])), p99 \(ms(late[late.count * 99 / 100]))")
        return summary.goodput
    }

    /// The end of the last second in which more than one in twenty was refused or took longer than half a second.
    private func recovery(_ plan: [Arrival], _ outcomes: [Outcome], from begin: Double) {
        var recovered = 0.0
        for window in 0..<Int(options.recoverySeconds) {
            let from = UInt64((begin + Double(window)) * 1e9)
            let some = plan.indices.filter { plan[$0].at >= from && plan[$0].at < from + Self.second }
            let bad = some.count { !outcomes[$0].isAccepted || outcomes[$0].latency > Self.second / 2 }
            if bad * 20 > some.count { recovered = Double(window + 1) }
        }
        say("recovered after \(recovered) s")
        if recovered > 10 { failures.append("it had not recovered 10 s after the load's end") }
    }

    /// Every accepted post must have reached the follower once, and no refused one.
    private func checkDeliveries() throws {
        let own = postStatus.filter { $0.key % mix.authors.count < followed }
        guard !own.isEmpty else { return }
        let accepted = Set(own.filter { (200..<300).contains($0.value) }.keys)
        let refused = Set(own.filter { [429, 503].contains($0.value) }.keys)
        var seen: Set<Int> = []
        for _ in 0..<600 {
            seen = Set(followers.result.timed.map(\.post))
            if accepted.isSubset(of: seen) { break }
            usleep(100_000)
        }
        usleep(500_000)
        let result = followers.result
        seen = Set(result.timed.map(\.post))
        let latencies = result.timed.map(\.latency).sorted()
        guard !latencies.isEmpty else { return failures.append("the follower got nothing") }
        let p99 = latencies[latencies.count * 99 / 100]
        say(
            """
            follower: \(accepted.count) accepted posts, lost \(accepted.subtracting(seen).count), \
            duplicate \(result.duplicates), refused but delivered \(refused.intersection(seen).count); \
            from planned POST to frame p50 \(ms(latencies[latencies.count / 2])), p99 \(ms(p99)), \
            max \(ms(latencies.last!))
            """)
        let lost = accepted.subtracting(seen).sorted()
        if let first = lost.first {
            failures.append("\(lost.count) accepted posts were lost: \(mix.run) \(first) to \(lost.last!)")
        }
        if result.duplicates > 0 { failures.append("\(result.duplicates) posts came twice") }
        if !refused.isDisjoint(with: seen) { failures.append("refused posts were delivered") }
        if p99 > 5 * Self.second { failures.append("the live feed was \(ms(p99)) behind (p99); 5 s are allowed") }
    }

    private func send(_ plan: [Arrival]) throws -> (plan: [Arrival], outcomes: [Outcome]) {
        let start = monotonicNanoseconds()
        let posts = plan.indices.filter { plan[$0].kind == .post }
        let first = nextPost - posts.count
        for (number, index) in posts.enumerated() { followers.noteSending(first + number, at: start + plan[index].at) }
        let outcomes = try loop.run(plan, patience: 10 * Self.second)
        for (number, index) in posts.enumerated() { postStatus[first + number] = outcomes[index].status }
        // What is still on its way to followers is not the next phase's.
        usleep(1_000_000)
        return (plan, outcomes)
    }
}
