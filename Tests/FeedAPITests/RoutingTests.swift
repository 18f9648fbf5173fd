import TestSite
import Testing

/// What holds for every address: who may, what is there, and what each response says.
@Suite(.site) struct RoutingTests {
    private let site = TestSite.current

    @Test(arguments: [
        ("PATCH", "/v1/posts", "POST"), ("GET", "/v1/posts", "POST"), ("POST", "/v1/me", "GET, HEAD, PATCH"),
        ("DELETE", "/v1/feed", "GET, HEAD"), ("PUT", "/v1/me/requests/sent", "GET, HEAD"),
        ("PUT", "/v1/auth/login", "POST"),
        ("POST", "/v1/users/1/follow", "PUT, DELETE"), ("PUT", "/v1/posts/1", "GET, HEAD, DELETE, PATCH"),
        ("GET", "/v1/live/ticket", "POST"), ("POST", "/feeds/1", "GET, HEAD"),
    ]) func aWrongMethodIsToldTheRightOnes(_ method: String, _ path: String, _ allowed: String) async throws {
        let response = try await site.signUp().send(method, path)
        #expect(response.isProblem(405, "method_not_allowed") && response.header("Allow") == allowed)
    }

    @Test(arguments: [
        "/nothing", "/v1", "/v1/", "/v1/nothing", "/v1/posts/", "/v1/feed/1", "/V1/feed", "/v2/feed", "/v1/users/@",
        "/v1//feed", "/v1/posts/1/2", "/%2e%2e/etc/passwd",
    ]) func anUnknownPath(_ path: String) async throws {
        #expect(try await site.signUp().get(path).isProblem(404, "not_found"))
    }

    static let closed = [
        ("GET", "/v1/me"), ("GET", "/v1/feed"), ("GET", "/feeds/1"), ("POST", "/v1/posts"), ("POST", "/posts"),
        ("DELETE", "/v1/posts/1"), ("PUT", "/v1/users/1/follow"), ("DELETE", "/v1/users/1/follow"), ("POST", "/follow"),
        ("POST", "/v1/live/ticket"),
    ]
    static let open = ["/v1/users/1", "/v1/users/@x", "/v1/posts/1", "/v1/users/1/posts", "/v1/users/1/followers"]

    /// Who needs a token is refused without one; a bad one is refused also where nobody needs one.
    @Test func noSessionNoAnswer() async throws {
        let alice = try await site.signUp()
        let bad = [
            "Basic dXNlcjpwYXNz", "Bearer", "bearer", "Bearer x y", "Bearer abc.def.ghi",
            "Bearer \(alice.refreshToken)",
        ]
        let altered = alterations(alice.accessToken!).map { "Bearer " + $0 }
        for (method, path) in Self.closed {
            #expect(try await site.stranger().send(method, path).isProblem(401, "unauthenticated"), "\(path)")
            let response = try await site.stranger().send(method, path, ["Authorization": bad[0]])
            #expect(response.isProblem(401, "unauthenticated"), "\(path)")
        }
        for header in bad + altered {
            for path in ["/v1/me"] + Self.open {
                let response = try await site.stranger().get(path, ["Authorization": header])
                #expect(response.isProblem(401, "unauthenticated"), "\(header) \(path)")
            }
        }
        for path in Self.open { #expect(try await site.stranger().get(path).isProblem(404, "not_found")) }
        for scheme in ["bearer", "BEARER", "Bearer  "] {
            let response = try await site.stranger().get("/v1/me", ["Authorization": "\(scheme) \(alice.accessToken!)"])
            #expect(response.status == 200)
        }
    }

    @Test(arguments: [
        "X-User-Id", "X-User", "X-Remote-User", "X-Forwarded-User", "Remote-User", "X-Authenticated-User",
        "X-Martlet-User", "From", "Cookie", "X-Access-Token", "X-Authorization", "Proxy-Authorization",
        "X-Original-Authorization",
    ]) func noOtherHeaderSaysWhoCalls(_ header: String) async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        for value in [alice.id, alice.handle, "Bearer \(alice.accessToken!)", "token=\(alice.accessToken!)"] {
            #expect(try await site.stranger().get("/v1/me", [header: value]).isProblem(401, "unauthenticated"))
            #expect(try await bob.get("/v1/me", [header: value])["id"].string == bob.id)
        }
    }

    @Test(arguments: [
        "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL",
    ]) func noHeaderChangesMethodOrAddress(_ header: String) async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let post = try await alice.post(text: "stays")
        let value = header.contains("URL") ? "/feeds/\(alice.id)" : "DELETE"
        for user in [alice, bob, alice] {
            #expect(try await user.get("/v1/posts/\(post)", [header: value])["id"].string == post)
        }
    }

    @Test func aRequestIDIsTakenOver() async throws {
        let alice = try await site.signUp()
        for wanted in ["a", "A.b_c-9", String(repeating: "x", count: 64)] {
            #expect(try await alice.get("/v1/me", ["X-Request-Id": wanted]).header("X-Request-Id") == wanted)
            let problem = try await alice.get("/nothing", ["X-Request-Id": wanted])
            #expect(problem.isProblem(404, "not_found") && problem["request_id"].string == wanted)
        }
        var made: Set<String?> = []
        for bad in ["", String(repeating: "x", count: 65), "a b", "ä", "\"", "a/b"] {
            made.insert(try await alice.get("/v1/me", ["X-Request-Id": bad]).header("X-Request-Id"))
            #expect(!made.contains(bad))
        }
        #expect(made.count == 6)
    }

    /// Ids are strings of digits, and what is absent is absent.
    @Test func responsesAreJSONWithoutNull() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        try await bob.follow(alice)
        let post = try await alice.post(text: "x")
        let paths = ["/v1/me", "/v1/feed", "/v1/posts/\(post)", "/v1/users/\(alice.id)/followers"]
        for path in paths {
            let response = try await bob.get(path)
            let text = String(decoding: response.body, as: UTF8.self)
            #expect(response.status == 200 && response.header("Content-Type") == "application/json")
            #expect(!text.contains("null") && text.contains("\"id\":\""))
            #expect(response.header("X-Content-Type-Options") == "nosniff")
            #expect(response.header("Cache-Control") == (path == "/v1/feed" ? "private, no-cache" : "no-store"))
        }
    }

    /// The head of what GET would say; the server leaves the body out.
    @Test func headIsLikeGet() async throws {
        let alice = try await site.signUp()
        let (head, get) = (try await alice.send("HEAD", "/v1/me"), try await alice.get("/v1/me"))
        #expect(head.status == 200 && head.headers.map(\.name) == get.headers.map(\.name))
    }
}
