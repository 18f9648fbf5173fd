import TestSite
import Testing

/// What holds for every operation: bad input is refused, and named.
@Suite(.site) struct BadInputTests {
    /// An operation with a body, and one that it takes.
    struct WithBody: Sendable, CustomStringConvertible {
        let path: String
        let fields: [(name: String, value: JSON)]
        var optional: [String] = []

        var description: String { path }
    }

    static let bodies = [
        WithBody(
            path: "/v1/auth/signup",
            fields: [("handle", "someone"), ("password", "long enough"), ("display_name", "Someone")],
            optional: ["display_name"]),
        WithBody(path: "/v1/auth/login", fields: [("handle", "someone"), ("password", "long enough")]),
        WithBody(path: "/v1/auth/refresh", fields: [("refresh_token", "x")]),
        WithBody(path: "/v1/auth/logout", fields: [("refresh_token", "x")]),
        WithBody(path: "/v1/posts", fields: [("text", "x")]),
        WithBody(path: "/posts", fields: [("text", "x")]),
        WithBody(path: "/follow", fields: [("user_id", "1")]),
    ]
    /// `{}` is the caller's id.
    static let lists = ["/v1/feed", "/v1/users/{}/posts", "/v1/users/{}/followers", "/v1/users/{}/following"]
    static let reads = lists + ["/v1/me", "/v1/users/{}", "/feeds/{}", "/v1/posts/1"]
    static let writes = [
        ("POST", "/v1/live/ticket"), ("PUT", "/v1/users/{}/follow"), ("DELETE", "/v1/users/{}/follow"),
        ("DELETE", "/v1/posts/1"),
    ]

    private let site = TestSite.current

    private func path(_ pattern: String, _ user: TestUser) -> String { pattern.replacing("{}", with: user.id) }

    @Test(arguments: bodies) func anUnknownField(_ operation: WithBody) async throws {
        let response = try await site.signUp().post(
            operation.path, .object(operation.fields.map { ($0.name, $0.value) } + [("colour", "red")]))
        #expect(response.isProblem(400, "unknown_field", field: "colour"))
    }

    @Test(arguments: bodies) func aMissingField(_ operation: WithBody) async throws {
        let alice = try await site.signUp()
        for (name, _) in operation.fields where !operation.optional.contains(name) {
            let rest = operation.fields.filter { $0.name != name }.map { ($0.name, $0.value) }
            #expect(try await alice.post(operation.path, .object(rest)).isProblem(400, "missing_field", field: name))
        }
    }

    @Test(arguments: bodies) func aFieldOfAnotherType(_ operation: WithBody) async throws {
        let alice = try await site.signUp()
        for (name, _) in operation.fields {
            for wrong: JSON in [5, true, ["x"], ["x": "y"], nil] {
                let fields = operation.fields.map { ($0.name, $0.name == name ? wrong : $0.value) }
                let response = try await alice.post(operation.path, .object(fields))
                #expect(response.isProblem(400, "invalid_field", field: name), "\(name): \(wrong)")
            }
        }
    }

    @Test(arguments: bodies) func aFieldThatIsThereTwice(_ operation: WithBody) async throws {
        let fields = (operation.fields + [operation.fields[0]]).map { ($0.name, $0.value) }
        #expect(try await site.signUp().post(operation.path, .object(fields)).isProblem(400, "invalid_json"))
    }

    @Test(arguments: bodies) func noBody(_ operation: WithBody) async throws {
        let alice = try await site.signUp()
        for (body, code) in [
            ("", "invalid_json"), ("[]", "invalid_json"), ("null", "invalid_json"), ("5", "invalid_json"),
        ] {
            let response = try await alice.send("POST", operation.path, body: Array(body.utf8))
            #expect(response.isProblem(400, code), "\(body)")
        }
    }

    @Test(arguments: bodies) func anotherContentType(_ operation: WithBody) async throws {
        let alice = try await site.signUp()
        let body = JSON.object(operation.fields.map { ($0.name, $0.value) }).bytes
        for type in [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
            "json", "application/json; charset=latin1",
        ] {
            let response = try await alice.send("POST", operation.path, ["Content-Type": type], body: body)
            #expect(response.isProblem(415, "unsupported_media_type", field: "Content-Type"), "\(type)")
        }
        let coded = try await alice.send("POST", operation.path, ["Content-Encoding": "gzip"], body: body)
        #expect(coded.isProblem(415, "unsupported_media_type", field: "Content-Encoding"))
    }

    /// What is not JSON in UTF-8; lone surrogates and U+0000 are no text that can be kept.
    @Test(arguments: [
        " ", "{", #"{"text":"a""#, #"{"text":"a",}"#, "{'text':'a'}", #"{"text":"a"} x"#, #"{"text":"a"}{"text":"b"}"#,
        "{\"text\":\"a\nb\"}", #"{"text":"\x"}"#, #"{text:"a"}"#, #"{"text":"a" "b":1}"#, "\0", "{\"text\":\"a\0b\"}",
        #"{"text":01}"#, #"{"text":NaN}"#, #"{"text":"\ud800"}"#, #"{"text":"\udc00x"}"#, #"{"text":"\ud800\ud800"}"#,
    ]) func brokenJSON(_ body: String) async throws {
        let alice = try await site.signUp()
        let response = try await alice.send("POST", "/v1/posts", body: Array(body.utf8))
        #expect(response.isProblem(400, "invalid_json"))
        #expect(try await alice.walk("/v1/users/\(alice.id)/posts") == [])
    }

    @Test(arguments: [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80]] as [[UInt8]])
    func bytesThatAreNoText(_ bytes: [UInt8]) async throws {
        let body = Array(#"{"text":""#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(try await site.signUp().send("POST", "/v1/posts", body: body).isProblem(400, "invalid_json"))
    }

    @Test(arguments: [
        ("1e999999", "invalid_json"), (String(repeating: "9", count: 400), "invalid_json"), ("-0", "invalid_field"),
        ("1e-400", "invalid_field"),
    ])
    func hugeNumbersHarmNobody(_ number: String, _ code: String) async throws {
        let response = try await site.signUp().send("POST", "/v1/posts", body: Array("{\"text\":\(number)}".utf8))
        #expect(response.isProblem(400, code, field: code == "invalid_field" ? "text" : nil))
    }

    @Test(arguments: reads) func anUnknownParameter(_ pattern: String) async throws {
        let alice = try await site.signUp()
        let response = try await alice.get(path(pattern, alice) + "?colour=red")
        #expect(response.isProblem(400, "unknown_parameter", field: "colour"))
    }

    @Test(arguments: bodies) func anUnknownParameterOfAWrite(_ operation: WithBody) async throws {
        let body = JSON.object(operation.fields.map { ($0.name, $0.value) })
        let response = try await site.signUp().post(operation.path + "?colour=red", body)
        #expect(response.isProblem(400, "unknown_parameter", field: "colour"))
    }

    /// An operation without fields takes no body, or an empty object.
    @Test(arguments: writes) func fieldsWhereThereAreNone(_ method: String, _ pattern: String) async throws {
        let alice = try await site.signUp()
        let path = path(pattern, alice)
        let named = try await alice.send(method, path, body: Array(#"{"colour":"red"}"#.utf8))
        #expect(named.isProblem(400, "unknown_field", field: "colour"))
        let broken = try await alice.send(method, path, body: Array("{".utf8))
        #expect(broken.isProblem(400, "invalid_json"))
        let unknown = try await alice.send(method, path + "?colour=red")
        #expect(unknown.isProblem(400, "unknown_parameter", field: "colour"))
    }

    @Test(arguments: lists) func aLimitOutOfBounds(_ pattern: String) async throws {
        let alice = try await site.signUp()
        for limit in ["0", "101", "-1", "abc", "", "1.5", "99999999999999999999", "0x10", "010", "%2B1"] {
            let response = try await alice.get(path(pattern, alice) + "?limit=\(limit)")
            #expect(response.isProblem(400, "invalid_field", field: "limit"), "\(limit)")
        }
        for limit in ["1", "100"] {
            #expect(try await alice.get(path(pattern, alice) + "?limit=\(limit)").status == 200)
        }
        let twice = try await alice.get(path(pattern, alice) + "?limit=1&limit=1")
        #expect(twice.isProblem(400, "invalid_field", field: "limit"))
    }

    @Test(arguments: lists) func anInventedCursor(_ pattern: String) async throws {
        let alice = try await site.signUp()
        for cursor in ["abc", "", String(repeating: "A", count: 32), "%C3%A4", "..%2F..%2Fetc%2Fpasswd"] {
            let response = try await alice.get(path(pattern, alice) + "?cursor=\(cursor)")
            #expect(response.isProblem(400, "invalid_cursor", field: "cursor"), "\(cursor)")
        }
    }
}
