import Testing

@testable import Sockets

/// What a parser made of some bytes.
struct Outcome: Equatable {
    var requests: [String] = []
    var error: HTTPRequestError.Kind?
    var wantedContinue = false

    init(_ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()) {
        var parser = HTTPParser(limits: limits)
        for piece in pieces {
            piece.withUnsafeBytes { parser.append($0) }
            loop: while true {
                switch parser.next() {
                case .needsMore: break loop
                case .continueWanted: wantedContinue = true
                case .request(let request, let keepAlive): requests.append(Self.describe(request, keepAlive))
                case .failure(let found):
                    error = found.kind
                    return
                }
            }
        }
    }

    init(_ text: String) { self.init([Array(text.utf8)]) }

    private static func describe(_ request: HTTPRequest, _ keepAlive: Bool) -> String {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let headers = request.headers.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
        return "\(request.method) \(request.path)?\(query) [\(headers)] \(request.body) \(keepAlive)"
    }
}

func parse(_ text: String) -> HTTPRequest? {
    var parser = HTTPParser()
    Array(text.utf8).withUnsafeBytes { parser.append($0) }
    if case .request(let request, _) = parser.next() { return request }
    return nil
}

@Suite struct HTTPParserTests {
    @Test func readsARequest() throws {
        let request = try #require(
            parse("GET /a%20b/%C3%A9?x=1&y=a+b%2B&x=2&flag HTTP/1.1\r\nHost: h:80\r\nX-A:  v \t\r\nx-a: w\r\n\r\n"))
        #expect(request.method == "GET")
        #expect(request.target == "/a%20b/%C3%A9?x=1&y=a+b%2B&x=2&flag")
        #expect(request.path == "/a b/é")
        #expect(request.query.map(\.name) == ["x", "y", "x", "flag"])
        #expect(request.query.map(\.value) == ["1", "a b+", "2", ""])
        #expect(request.headers.first("X-a") == "v")
        #expect(request.headers.all("X-A") == ["v", "w"])
        #expect(request.headers.first("none") == nil)
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 05\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n",
    ])
    func readsABody(text: String) {
        #expect(parse(text)?.body == Array("hello".utf8))
    }

    @Test func readsAbsoluteTargets() {
        func path(_ target: String) -> String? { parse("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")?.target }
        #expect(path("http://example.org/a?b") == "/a?b")
        #expect(path("HTTPS://example.org") == "/")
        #expect(path("http://example.org?q=1") == "/?q=1")
        #expect(path("http://") == nil)
        #expect(path("ftp://h/") == nil)
        #expect(path("*") == nil)
        #expect(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")?.path == "*")
    }

    @Test func saysWhetherTheConnectionGoesOn() {
        #expect(Outcome("GET / HTTP/1.1\r\nHost: h\r\n\r\n").requests[0].hasSuffix("true"))
        #expect(Outcome("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n").requests[0].hasSuffix("false"))
        #expect(Outcome("GET / HTTP/1.0\r\n\r\n").requests[0].hasSuffix("false"))
        #expect(Outcome("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").requests[0].hasSuffix("false"))
    }

    @Test func forgivesOneEmptyLine() {
        #expect(Outcome("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").requests.count == 1)
        #expect(Outcome("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").error == .badRequest)
    }

    @Test func asksForTheBodyOnlyWhenItHasNotCome() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        #expect(Outcome(head).wantedContinue)
        #expect(!Outcome(head + "ab").wantedContinue)
        #expect(Outcome(head + "ab").requests.count == 1)
        #expect(!Outcome(head.replacing("HTTP/1.1", with: "HTTP/1.0")).wantedContinue)
    }

    static let refusals: [(String, HTTPRequestError.Kind)] = [
        ("GET / HTTP/1.1\nHost: h\n\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nnovalue\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: a\0b\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: a\rb\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: a\u{7F}\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nA\u{80}: b\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .badRequest),
        ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", .badRequest),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /\r\nHost: h\r\n\r\n", .badRequest),
        ("GET / a HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET a HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /\u{E9} HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /#f HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /%2 HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /a%0Ab HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /?a=%ff HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /?a=%0 HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET /?" + String(repeating: "a&", count: 65) + " HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        (String(repeating: "G", count: 33) + " / HTTP/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET / http/1.1\r\nHost: h\r\n\r\n", .badRequest),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", .versionNotSupported),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", .versionNotSupported),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http2),
        ("\u{16}\u{03}\u{01}", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 262145\r\n\r\n", .bodyTooLarge),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999999\r\n\r\n", .bodyTooLarge),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", .notImplemented),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .notImplemented),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", .badRequest),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", .bodyTooLarge),
        ("POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", .expectationFailed),
        ("GET /" + String(repeating: "a", count: 8192) + " HTTP/1.1\r\nHost: h\r\n\r\n", .targetTooLong),
        ("GET /" + String(repeating: "a", count: 80_000), .targetTooLong),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "a", count: 16_384) + "\r\n\r\n", .headerTooLarge),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "a", count: 90_000), .headerTooLarge),
        ("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 100) + "\r\n", .headerTooLarge),
    ]

    @Test(arguments: refusals.indices) func refuses(index: Int) {
        let (text, kind) = Self.refusals[index]
        let bytes = text.unicodeScalars.map { UInt8($0.value) }
        let outcome = Outcome([bytes])
        #expect(outcome.error == kind, "\(text.prefix(80).debugDescription)")
        #expect(outcome.requests.isEmpty)
    }

    /// The rest of a head that is too long is awaited for what is in it, and only so long.
    @Test func theRestOfALongHeadIsAwaited() {
        for (start, kind) in [
            ("GET /" + String(repeating: "a", count: 9000), HTTPRequestError.Kind.targetTooLong),
            ("GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "a", count: 20_000), .headerTooLarge),
        ] {
            var parser = HTTPParser()
            func feed(_ text: String) -> HTTPRequestError.Kind? {
                Array(text.utf8).withUnsafeBytes { parser.append($0) }
                if case .failure(let error) = parser.next() { return error.kind }
                return nil
            }
            #expect(feed(start) == nil)
            #expect(parser.stage == .refused && parser.refusal?.kind == kind && parser.buffered == 0)
            #expect(feed(" HTTP/1.1\r\norigin:  http://a.example \r\n") == nil)
            #expect(parser.origin == "http://a.example")
            #expect(feed("B: c\r\n") == nil)
            #expect(feed("\r\n") == kind)
            #expect(parser.stage == .failed && parser.origin == "http://a.example")
        }
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nHost: h\r\nOrigin: o\r\n", "o"), ("GET / HTTP/1.1\r\nOrigin: o\r\nbad\r\n\r\n", "o"),
            ("GET / HTTP/1.1\r\nbad\r\nORIGIN:o\r\n\r\n", "o"), ("GET / HTTP/1.1\r\nOrigin: o\r\n\r\n", "o"),
            ("GET /%zz HTTP/1.1\r\nOrigin: o\r\n\r\n", "o"),
            ("POST / HTTP/1.1\r\nOrigin: o\r\nContent-Length: 9\r\nHost: h\r\n\r\n", "o"),
            ("GET /%zz HTTP/1.1\r\n\r\nOrigin: o\r\n\r\n", nil),
            ("GET /%zz HTTP/1.1\r\nOrigin: o\r\nOrigin: p\r\n\r\n", nil),
            ("GET /%zz HTTP/1.1\r\nX-Origin: o\r\nOrigin : p\r\n\r\n", nil), ("Origin: o\r\n", nil),
            ("GET / HTTP/1.1\r\nOrigin: o\r\nHost: h\r\n\r\nGET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", nil),
            ("GET / HTTP/1.1\r\nOrigin: o\r\nHost: h\r\n\r\n", nil),
        ] as [(String, String?)])
    func theOriginIsKnownAsFarAsItHasCome(_ text: String, _ origin: String?) {
        var parser = HTTPParser()
        Array(text.utf8).withUnsafeBytes { parser.append($0) }
        while case .request = parser.next() {}
        #expect(parser.origin == origin)
    }

    @Test func listsAreReadInOnePlace() {
        let headers = HTTPHeaders([
            ("If-None-Match", "\"a, b\" ,, W/\"c\""), ("X", "y"), ("if-none-match", "\t*"),
            ("Connection", "close , UPGRADE"),
        ])
        #expect(headers.list("if-none-match").map(String.init) == ["\"a, b\"", "W/\"c\"", "*"])
        #expect(headers.hasToken("upgrade", in: "connection") && !headers.hasToken("clos", in: "connection"))
        #expect(headers.only("x") == "y" && headers.only("if-none-match") == nil && headers.only("none") == nil)
    }

    @Test func takesWhatIsJustWithinTheLimits() {
        #expect(parse("GET /" + String(repeating: "a", count: 8191) + " HTTP/1.1\r\nHost: h\r\n\r\n") != nil)
        #expect(parse("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A: b\r\n", count: 99) + "\r\n") != nil)
        let fill = String(repeating: "a", count: 16_384 - "Host: h\r\nA: \r\n\r\n".utf8.count)
        #expect(parse("GET / HTTP/1.1\r\nHost: h\r\nA: \(fill)\r\n\r\n") != nil)
        #expect(parse("GET / HTTP/1.1\r\nHost: h\r\nA: \(fill)a\r\n\r\n") == nil)
    }

    @Test func theStageFollowsTheBytes() {
        var parser = HTTPParser()
        func feed(_ text: String) -> HTTPParser.Stage {
            Array(text.utf8).withUnsafeBytes { parser.append($0) }
            _ = parser.next()
            return parser.stage
        }
        #expect(parser.stage == .idle)
        #expect(feed("GE") == .head)
        #expect(feed("T / HTTP/1.1\r\nHost: h\r\n") == .head)
        #expect(feed("Content-Length: 3\r\n\r\na") == .body)
        #expect(feed("bc") == .idle)
        #expect(feed("\n") == .failed)
    }

    @Test func countsBufferedBytesAndGivesTheRest() {
        var parser = HTTPParser()
        Array("GET / HTTP/1.1\r\nHost: h\r\n\r\nrest".utf8).withUnsafeBytes { parser.append($0) }
        guard case .request = parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(parser.buffered == 4)
        #expect(parser.takeRest() == Array("rest".utf8))
        #expect(parser.buffered == 0)
    }

    @Test func datesAreOfTheStandardForm() {
        #expect(httpDate(milliseconds: 784_111_777_000) == Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8))
        #expect(httpDate(milliseconds: 1_709_164_800_000) == Array("Thu, 29 Feb 2024 00:00:00 GMT".utf8))
    }

    @Test func answersCannotBeSplitByTheirHeaders() {
        var bytes: [UInt8] = []
        HTTPResponse(
            status: 200,
            headers: [("A", "b\r\nX: y"), ("Bad\r\nName", "v"), ("content-length", "9"), ("CONNECTION", "keep-alive")],
            body: Array("ab".utf8)
        ).append(to: &bytes, Framing(date: Array("D".utf8), closes: true))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nA: b  X: y\r\nDate: D\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab")
    }

    /// To compare such a string takes long.
    @Test func refusesEndlessMarksAndReplacesWhatIsNotASCII() {
        let marks = String(repeating: "%cc%81%cc%a3", count: 65)
        #expect(Outcome("GET /a\(marks) HTTP/1.1\r\nHost: h\r\n\r\n").error == .badRequest)
        // Of a parameter its route says what is wrong.
        #expect(parse("GET /?a=\(marks) HTTP/1.1\r\nHost: h\r\n\r\n")?.query.count == 1)
        #expect(
            parse("GET /?a=e%cc%81 HTTP/1.1\r\nHost: h\r\nX: e\u{301}\r\n\r\n")?.headers.first("x")
                == "e\u{FFFD}\u{FFFD}")
    }

    /// A long line that has come whole gets the answer of one that still comes.
    @Test(arguments: [
        "GET /" + String(repeating: "a", count: 9000) + " HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 17_000) + "\n\r\n",
    ])
    func longLinesGetOneAnswer(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Outcome([bytes]) == Outcome(bytes.map { [$0] }))
    }
}
