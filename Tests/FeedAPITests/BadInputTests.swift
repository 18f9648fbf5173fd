import Core
import TestSite
import Testing

@testable import HTTPService

/// What holds for every operation, whatever it declares: bad input is refused, and named. `LimitTests` has one fault of each
/// kind, and whether it is declared; here is what else a client may send.
@Suite(.site) struct BadInputTests {
    private let site = TestSite.current

    private func operations(_ isMeant: (Operation) -> Bool) -> [Operation] {
        site.operations.filter { $0.isAnswered && isMeant($0) }
    }

    private func lists(with parameter: String) -> [Operation] {
        operations { $0.parameters.contains { $0.name == parameter } }
    }

    private func send(
        _ operation: Operation, by user: TestUser, query: String = "", _ headers: [String: String] = [:],
        body: String? = nil
    ) async throws -> TestResponse {
        try await user.send(
            operation.method.rawValue, operation.address(for: user) + query, headers, body: body.map { Array($0.utf8) })
    }

    @Test func aFieldOfAnotherType() async throws {
        let alice = try await site.signUp()
        var count = 0
        for operation in operations({ $0.body != nil }) {
            for field in operation.body!.fields {
                for (wrong, type) in [
                    ("5", "integer"), ("true", "boolean"), (#"["x"]"#, "array"), (#"{"x":"y"}"#, "object"),
                    ("1.5", "number"), ("null", "null"),
                ] where !field.schema.takes(type) {
                    let body = operation.exampleBody(changing: field.name, to: wrong)
                    let response = try await send(operation, by: alice, body: body)
                    #expect(response.isProblem(400, "invalid_field", field: field.name), "\(operation.id): \(body)")
                    count += 1
                }
            }
        }
        #expect(count >= 60)
    }

    /// Two values for one key: neither is dropped in silence.
    @Test func aFieldThatIsThereTwice() async throws {
        let alice = try await site.signUp()
        for operation in operations({ $0.body != nil }) {
            let body = operation.exampleBody().dropLast() + #","\#(operation.body!.fields[0].name)":"x"}"#
            let response = try await send(operation, by: alice, body: String(body))
            #expect(response.isProblem(400, "invalid_json"), "\(operation.id)")
        }
    }

    @Test func aBodyThatIsNoObject() async throws {
        let alice = try await site.signUp()
        for operation in operations({ $0.body != nil }) {
            for body in ["", "[]", "null", "5", #""text""#] {
                if body.isEmpty, !operation.body!.fields.contains(where: \.isRequired) { continue }
                let response = try await send(operation, by: alice, body: body)
                #expect(response.isProblem(400, "invalid_json"), "\(operation.id): \(body)")
            }
        }
    }

    @Test func anotherContentType() async throws {
        let alice = try await site.signUp()
        for operation in operations({ $0.body != nil }) {
            for type in [
                "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "json",
                "application/json; charset=latin1",
            ] {
                let headers = ["Content-Type": type]
                let response = try await send(operation, by: alice, headers, body: operation.exampleBody())
                #expect(response.isProblem(415, "unsupported_media_type", field: "Content-Type"), "\(type)")
            }
        }
        for type in ["application/json; charset=utf-8", "Application/JSON", #"application/json;charset="UTF-8""#] {
            let body = Array(#"{"text":"x"}"#.utf8)
            #expect(try await alice.send("POST", "/v1/posts", ["Content-Type": type], body: body).status == 201)
        }
    }

    /// What is not JSON in UTF-8; lone surrogates and U+0000 are no text that can be kept.
    @Test(arguments: [
        " ", #"{"text":"a""#, #"{"text":"a",}"#, "{'text':'a'}", #"{"text":"a"} x"#, #"{"text":"a"}{"text":"b"}"#,
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

    @Test func aLimitOutOfBounds() async throws {
        let alice = try await site.signUp()
        // Some lists are for admins.
        try await site.grant(alice, .admin)
        let lists = lists(with: "limit")
        #expect(lists.count >= 4)
        for operation in lists {
            for limit in ["0", "101", "-1", "", "1.5", "99999999999999999999", "0x10", "010", "%2B1", "1&limit=1"] {
                let response = try await send(operation, by: alice, query: "?limit=\(limit)")
                #expect(response.isProblem(400, "invalid_field", field: "limit"), "\(operation.id): \(limit)")
            }
            for limit in ["1", "100"] {
                let response = try await send(operation, by: alice, query: "?limit=\(limit)")
                // Of what is not there, the limit is none of the faults.
                let isThere = ![
                    "/posts/{id}", "/comments/{id}", "/tags/{name}", "/notifications/{key}", "/devices/{id}",
                ].contains {
                    operation.path.template.contains($0)
                }
                #expect(isThere ? response.status == 200 : response.isProblem(404, "not_found"), "\(operation.id)")
            }
        }
    }

    @Test func anInventedCursor() async throws {
        let alice = try await site.signUp()
        // Some lists are for admins.
        try await site.grant(alice, .admin)
        let lists = lists(with: "cursor")
        #expect(lists.count >= 4)
        for operation in lists {
            for cursor in ["abc", "", String(repeating: "A", count: 32), "%C3%A4", "..%2F..%2Fetc%2Fpasswd"] {
                let response = try await send(operation, by: alice, query: "?cursor=\(cursor)")
                #expect(response.isProblem(400, "invalid_cursor", field: "cursor"), "\(operation.id): \(cursor)")
            }
        }
    }

    @Test func anIdempotencyKeyThatIsNone() async throws {
        let alice = try await site.signUp()
        let writes = operations { $0.idempotency != .none }
        #expect(writes.count >= 10)
        for operation in writes {
            let body = operation.body.map { _ in operation.exampleBody() }
            for key in ["", String(repeating: "x", count: 129), "a b", "ä", "a\tb"] {
                let response = try await send(operation, by: alice, ["Idempotency-Key": key], body: body)
                let isNamed = response.isProblem(400, "invalid_field", field: "Idempotency-Key")
                #expect(isNamed, "\(operation.id): \(key)")
            }
        }
    }
}
