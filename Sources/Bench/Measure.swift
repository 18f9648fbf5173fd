import Core
import Glibc
import Runtime

func readLine(from file: UnsafeMutablePointer<FILE>) -> String? {
    var line: UnsafeMutablePointer<CChar>?
    var size = 0
    defer { free(line) }
    guard getline(&line, &size, file) > 0, let line else { return nil }
    return String(cString: line).filter { $0 != "\n" }
}

/// Posts at a rate and prints what the followers saw; returns the exit code.
func measure(port: UInt16, author: String, tokens: [String], posts: Int, rate: Int) throws -> Int32 {
    let run = "bench-\(monotonicNanoseconds())"
    let followers = Followers(port: port, run: run)
    let finished = Gate()
    startThread(name: "followers") {
        do { try followers.run(tokens: tokens) } catch {
            print("followers: \(error)")
            exit(1)
        }
        finished.open()
    }
    try until(60, "all followers are connected") { followers.connectedCount == tokens.count }
    let warmUp = rate
    try post(port: port, author: author, run: run, numbers: -warmUp..<0, rate: rate, followers)
    usleep(500_000)
    let started = monotonicNanoseconds()
    try post(port: port, author: author, run: run, numbers: 0..<posts, rate: rate, followers)
    try until(30, "all posts have arrived") { followers.result.deliveries >= posts * tokens.count }
    let seconds = Double(monotonicNanoseconds() - started) / 1e9
    usleep(300_000)
    followers.end()
    finished.wait()
    return report(followers.result, expected: posts * tokens.count, followers: tokens.count, posts, rate, seconds)
}

func until(_ seconds: Int, _ what: String, _ condition: () -> Bool) throws {
    for _ in 0..<seconds * 200 {
        if condition() { return }
        usleep(5000)
    }
    throw BenchError("waited \(seconds) s in vain until \(what)")
}

/// Negative numbers are the warm-up: their posts have another text and are not counted.
private func post(
    port: UInt16, author: String, run: String, numbers: Range<Int>, rate: Int, _ followers: Followers
) throws {
    let socket = try Socket(port: port)
    let interval = 1_000_000_000 / UInt64(rate)
    var next = monotonicNanoseconds()
    for number in numbers {
        let now = monotonicNanoseconds()
        if now < next { usleep(UInt32((next - now) / 1000)) }
        let text = number < 0 ? "warm-up" : "\(run) \(number)"
        let body = "{\"text\":\"\(text)\"}"
        if number >= 0 { followers.noteSending(number, at: next) }
        next += interval
        let (status, answer) = try socket.request("POST", "/v1/posts", token: author, body: body)
        guard status == 201 else { throw BenchError("post \(number): \(status) \(answer)") }
    }
    close(socket.descriptor)
}

private func report(
    _ result: Followers.Result, expected: Int, followers: Int, _ posts: Int, _ rate: Int, _ seconds: Double
) -> Int32 {
    let sorted = result.timed.map(\.latency).sorted()
    func percentile(_ part: Double) -> String {
        let value = Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1e6
        return "\((value * 100).rounded() / 100) ms"
    }
    print(
        """
        \(followers) followers, \(posts) posts at \(rate) a second: \(result.deliveries) of \(expected) deliveries \
        in \((seconds * 10).rounded() / 10) s
        from POST to frame: p50 \(percentile(0.5)), p90 \(percentile(0.9)), p99 \(percentile(0.99)), \
        max \(percentile(1))
        lost \(expected - (result.deliveries - result.duplicates)), duplicate \(result.duplicates), \
        out of order \(result.disorders)
        """)
    return result.deliveries == expected && result.duplicates == 0 && result.disorders == 0 ? 0 : 1
}
