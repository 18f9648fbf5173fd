import Core
import Glibc
import Push
import PushDelivery
import Testing

/// Responses that no decent server gives.
@Suite(.serialized) struct RawTests {
    private static func send(_ answer: [UInt8], _ provider: PushProvider = .webhook) async throws -> (PushResult, Int) {
        signal(SIGPIPE, SIG_IGN)
        let server = RawServer(answer)
        var options = PushSenderOptions()
        options.exempt = [IPRange("127.0.0.1")!]
        options.milliseconds = 2000
        let origin = "http://127.0.0.1:\(server.port)"
        let result = try await withSender(options) { sender in
            await sender.send(
                PushRequest(url: origin + "/", headers: [], body: Array("end".utf8)),
                on: PushRoute(provider, credential: "", host: Origin(origin)!, device: "d"))
        }
        return (result, server.count)
    }

    private static func head(_ status: String, _ fields: String = "") -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\n\(fields)\r\n".utf8)
    }

    /// The status counts; what is behind the limit is not read.
    @Test func bodiesThatDoNotEnd() async throws {
        let endless = [UInt8](repeating: 97, count: 8 << 20)
        let cases: [(String, PushOutcome)] = [
            ("200 OK", .delivered), ("410 Gone", .deviceGone(since: nil)), ("500 No", .temporary(wait: nil)),
            ("503 No", .temporary(wait: 7000)),
        ]
        for (status, outcome) in cases {
            let fields = status.hasPrefix("503") ? "Retry-After: 7\r\n" : ""
            for framing in ["", "Content-Length: 100000000000\r\n"] {
                let (result, count) = try await Self.send(Self.head(status, fields + framing) + endless)
                #expect(result.outcome == outcome && count == 1, "\(status) \(framing): \(result)")
            }
        }
    }

    @Test func headsThatDoNotEnd() async throws {
        let fields = String(repeating: "x-filler: \(String(repeating: "a", count: 1000))\r\n", count: 1000)
        let (result, count) = try await Self.send(Self.head("204 No", fields))
        #expect(result.outcome == .delivered && count == 1, "\(result)")
        let (cut, _) = try await Self.send(
            Array("HTTP/1.1 200 OK\r\nx: \(String(repeating: "a", count: 1 << 20))".utf8))
        #expect(cut.verdict != nil, "\(cut)")
    }

    @Test func whatIsNotHTTP() async throws {
        for answer in [
            "", "hello\r\n\r\n", "HTTP/1.1 nothing\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let (result, count) = try await Self.send(Array(answer.utf8))
            let isGood =
                result.outcome == .ambiguous || answer.hasPrefix("HTTP/1.1 200") && result.outcome == .delivered
            #expect(isGood && count == 1, "\(answer): \(result)")
        }
        // Half of a response that is no success says nothing.
        let (half, _) = try await Self.send(Self.head("500 No", "Content-Length: 100\r\n") + [97])
        #expect(half.outcome == .ambiguous)
        // An interim response is none.
        let (interim, _) = try await Self.send(
            Self.head("103 Early", "link: a\r\n") + Self.head("410 Gone", "Content-Length: 0\r\n"))
        #expect(interim.outcome == .deviceGone(since: nil))
    }
}
