import Glibc
import TestSupport

/// Which requests a load is made of, and who sends them.
struct Mix {
    /// Parts of each kind, such as 8 reads to 2 posts.
    let weights: [(Arrival.Kind, Int)]
    /// Access tokens of authors and readers.
    let authors: [String]
    let readers: [String]
    let handle: String
    let password: String
    /// Stands in the posts' texts, before their number.
    let run: String

    /// - Parameter text: such as `read=8,post=2`.
    static func weights(_ text: String) throws -> [(Arrival.Kind, Int)] {
        try text.split(separator: ",").map { part in
            let words = part.split(separator: "=")
            guard words.count == 2, let kind = Arrival.Kind(rawValue: String(words[0])), kind != .follow,
                let weight = Int(words[1])
            else {
                throw BenchError("a mix is written as read=8,post=2,login=1, not \(text)")
            }
            return (kind, weight)
        }
    }

    /// Arrivals of independent clients: exponential gaps, from a generator with a fixed seed.
    /// - Parameters:
    ///   - rate: requests a second.
    ///   - begin: seconds from the start of the run.
    ///   - firstPost: number of the first post; posts are numbered in the order of the plan.
    func plan(rate: Double, begin: Double, seconds: Double, firstPost: inout Int) -> [Arrival] {
        var random = Seeded(UInt64(firstPost) &+ UInt64(rate))
        let total = weights.reduce(0) { $0 + $1.1 }
        var arrivals: [Arrival] = []
        var time = begin
        while true {
            time += -log(random.unit()) / rate
            guard time < begin + seconds else { return arrivals }
            var pick = Int(random.next() % UInt64(total))
            let kind = weights.first { part in
                pick -= part.1
                return pick < 0
            }!.0
            arrivals.append(
                Arrival(kind: kind, at: UInt64(time * 1e9), request: request(kind, number: firstPost, &random)))
            if kind == .post { firstPost += 1 }
        }
    }

    private func request(_ kind: Arrival.Kind, number: Int, _ random: inout Seeded) -> [UInt8] {
        switch kind {
        case .read:
            let token = readers[Int(random.next() % UInt64(readers.count))]
            return Array("GET /v1/feed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n".utf8)
        case .post:
            let token = authors[number % authors.count]
            return Self.write("/v1/posts", "Authorization: Bearer \(token)\r\n", "{\"text\":\"\(run) \(number)\"}")
        case .follow: preconditionFailure("of FollowLoad")
        case .login:
            return Self.write("/v1/auth/login", "", "{\"handle\":\"\(handle)\",\"password\":\"\(password)\"}")
        }
    }

    private static func write(_ path: String, _ header: String, _ body: String) -> [UInt8] {
        Array(
            ("POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(header)"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
    }
}
