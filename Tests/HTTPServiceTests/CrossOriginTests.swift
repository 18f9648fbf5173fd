import Core
import HTTPService
import Sockets
import Testing

@Suite struct CrossOriginTests {
    private let rule = CrossOrigin(
        origins: [Origin("https://app.example")!], proxies: TrustedProxies([IPRange("10.0.0.0/8")!]))

    private func request(_ headers: [(name: String, value: String)], from address: String = "192.0.2.1") -> HTTPRequest
    {
        HTTPRequest("GET", "/", headers: headers, remoteAddress: address)!
    }

    private func names(_ origin: String?) -> [String] { rule.headers(origin: origin).map(\.0) }

    @Test func everyAnswerVaries() {
        for origin in [nil, "null", "", "https://evil.example", "https://app.example:444", "https://app.example/"] {
            #expect(names(origin) == ["Vary"], "\(origin ?? "none")")
        }
        #expect(names("https://app.example").contains("Access-Control-Expose-Headers"))
        // A browser compares it with what it sent.
        let told = rule.headers(origin: "https://APP.example:443").first { $0.0 == "Access-Control-Allow-Origin" }
        #expect(told?.1 == "https://APP.example:443")
    }

    @Test func preflights() throws {
        let asked =
            [("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT")]
            as [(name: String, value: String)]
        let answer = try #require(rule.preflight(request(asked), methods: ["PUT", "DELETE"]))
        #expect(answer.status == 204)
        #expect(answer.headers.contains { $0 == ("Access-Control-Allow-Methods", "PUT, DELETE") })
        let foreign = [("Origin", "https://evil.example")] as [(name: String, value: String)]
        #expect(rule.preflight(request(foreign), methods: ["PUT"]) == nil)
        #expect(!CrossOrigin.isPreflight(request(asked)))
        #expect(CrossOrigin.isPreflight(HTTPRequest("OPTIONS", "/", headers: asked)!))
        #expect(!CrossOrigin.isPreflight(HTTPRequest("OPTIONS", "/", headers: foreign)!))
    }

    @Test(
        arguments: [
            ("x.example", nil, true), ("x.example:80", "http://x.example", true),
            ("x.example", "https://x.example:443", true),
            ("x.example", "http://x.example:8080", false), ("x.example", "null", false), ("x.example", "", false),
            ("y.example", "https://app.example", true), ("x.example:8080", "http://X.EXAMPLE:8080", true),
        ] as [(String, String?, Bool)])
    func whoMayConnect(_ host: String, _ origin: String?, _ isWelcome: Bool) {
        let headers = [("Host", host)] + (origin.map { [("Origin", $0)] } ?? []) as [(name: String, value: String)]
        #expect(rule.accepts(request(headers)) == isWelcome)
    }

    @Test func aTrustedProxyTellsTheScheme() {
        let headers =
            [("Host", "x.example"), ("Origin", "http://x.example"), ("X-Forwarded-Proto", "https")]
            as [(name: String, value: String)]
        #expect(!rule.accepts(request(headers, from: "10.1.2.3")))
        #expect(rule.accepts(request(headers)))
        #expect(!rule.accepts(request(headers + [("Origin", "http://x.example")])))
    }

    /// Whatever the client has sent before it, in a line of its own or in a list.
    @Test(arguments: [["http", "https"], ["http, https"], ["http,\thttps"], ["http", "http, HTTPS "], ["", "https"]])
    func theLastWordIsTheProxys(_ told: [String]) {
        for (origin, isWelcome) in [("https://x.example", true), ("http://x.example", false)] {
            let headers =
                [("Host", "x.example"), ("Origin", origin)] + told.map { ("X-Forwarded-Proto", $0) }
                as [(name: String, value: String)]
            #expect(rule.accepts(request(headers, from: "10.1.2.3")) == isWelcome)
        }
    }
}
