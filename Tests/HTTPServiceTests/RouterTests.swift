import Core
import Sockets
import Testing

@testable import HTTPService

/// Tokens are users' numbers.
private struct Numbers: Authenticator {
    func authenticate(_ accessToken: String) throws(Problem) -> Caller {
        guard let user = ID(accessToken) else { throw Problem(.unauthenticated, "no number") }
        return Caller(user: user, session: ID(raw: 1), expiresAt: 100)
    }

    /// 13 may only read.
    func refusal(of caller: Caller) -> Problem? {
        caller.user == ID(raw: 13) ? Problem(.accountSuspended, "suspended") : nil
    }
}

@Suite struct RouterTests {
    private static let tag = Tag("things", "Things")
    private static let thing = PathParameter.id("id")
    private static let text = Field.text("text", TextRule("a text", .lines, 1...10), example: "x")
    private static let ticket = Parameter.text("ticket", .string(), example: "t").orNil
    private static let wait = Parameter.integer("wait", in: 0...10, example: 1).orNil
    private static let component = Component("Thing", .anyObject, example: [:])

    private let router: Router

    init() {
        var options = Router.Options(budget: ByteBudget(total: 1 << 20))
        options.limitsAreOn = false
        router = Router(operations: Self.operations, authenticator: Numbers(), options: options)
    }

    private static var operations: [Operation] {
        let shown = DeclaredResponse.json(component, "Shown.")
        return [
            Operation(
                .post, "/things", id: "make", tag: tag, "Make", body: RequestBody("NewThing", text),
                responses: [shown], idempotency: .key("things")
            ) { request in
                .json { $0.append(json: ["text": .string(request[text]), "by": .string("\(request.caller)")]) }
            },
            Operation(
                .get, "/things/\(thing)", id: "show", tag: tag, "Show", access: .optional,
                parameters: [PageParameters.limit], responses: [shown]
            ) { request in
                .json {
                    $0.append(json: [
                        "id": .string("\(request[thing])"), "limit": .integer(Int64(request[PageParameters.limit])),
                        "viewer": .string(request.viewer.map { "\($0)" } ?? "none"),
                    ])
                }
            },
            Operation(
                .delete, "/things/\(thing)", id: "remove", tag: tag, "Remove", access: .anyone,
                responses: [.noContent("Gone.")]
            ) { _ in throw Broken() },
            Operation(
                .get, "/things/@\(PathParameter<String>("name", .string(), example: "x") { $0 })", id: "named",
                tag: tag,
                "By name", access: .anyone, responses: [shown], largest: 2 << 20
            ) { _ in .noContent },
            Operation(
                .get, "/users/\(thing)/own", id: "own", tag: tag, "Own", access: .owner(thing, refusal: "not yours"),
                parameters: [PageParameters.limit], responses: [.noContent("Yes.")]
            ) { _ in .noContent },
            Operation(
                .get, "/stream", id: "stream", tag: tag, "Stream", access: .ticket(ticket), rate: .free,
                responses: [],
                transport: .longPoll(when: wait) { request in
                    .json { $0.append(json: .string(request[ticket] ?? "\(request.caller)")) }
                }),
        ]
    }

    private struct Broken: Error {}

    private func send(
        _ method: String, _ target: String, token: String? = nil, _ headers: [(name: String, value: String)] = [],
        body: String = ""
    ) async -> (status: Int, json: JSONValue, headers: [(String, String)]) {
        var headers = headers
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        let request = HTTPRequest(method, target, headers: headers, body: Array(body.utf8))!
        let response = await router.respond(to: request)
        return (response.status, (try? JSONValue.parse(response.body)) ?? .null, response.headers)
    }

    private func post(_ body: String, _ headers: [(name: String, value: String)] = []) async -> (Int, JSONValue) {
        let all = [(name: "Content-Type", value: "application/json")] + headers
        let response = await send("POST", "/things", token: "7", all, body: body)
        return (response.status, response.json)
    }

    @Test func theHandlerGetsWhatIsDeclared() async {
        #expect(await post(#"{"text":" a "}"#) == (200, ["text": "a", "by": "7"]))
        let shown = await send("GET", "/things/17?limit=3", token: "8")
        #expect(shown.json == ["id": "17", "limit": 3, "viewer": "8"])
        #expect(await send("GET", "/things/17").json == ["id": "17", "limit": 30, "viewer": "none"])
        #expect(await send("HEAD", "/things/17").status == 200)
    }

    /// Who may not ask learns nothing; then the query's names, the body's headers, the path, the query, the body, the key.
    @Test func theOrderOfChecks() async {
        func code(
            _ method: String, _ target: String, token: String?, _ headers: [(name: String, value: String)],
            body: String = ""
        ) async -> String? {
            await send(method, target, token: token, headers, body: body).json.object?["code"]?.string
        }
        let json = [(name: "Content-Type", value: "application/json")]
        let gzip = json + [(name: "Content-Encoding", value: "gzip")]
        let key = json + [(name: "Idempotency-Key", value: "a b")]
        #expect(await code("POST", "/things?x=1", token: nil, gzip, body: "{") == "unauthenticated")
        #expect(await code("POST", "/things?x=1", token: "7", gzip, body: "{") == "unknown_parameter")
        #expect(await code("POST", "/things", token: "7", gzip, body: "{") == "unsupported_media_type")
        #expect(await code("POST", "/things", token: "7", [], body: "{") == "unsupported_media_type")
        #expect(await code("POST", "/things", token: "7", key, body: "{") == "invalid_json")
        #expect(await code("POST", "/things", token: "7", key, body: "{}") == "missing_field")
        #expect(await code("POST", "/things", token: "7", key, body: #"{"text":"a"}"#) == "invalid_field")
        #expect(await code("GET", "/things/x?limit=0", token: nil, []) == "not_found")
        #expect(await code("GET", "/things/1?limit=0", token: nil, []) == "invalid_field")
        #expect(await code("GET", "/things/1?limit=1&limit=1", token: nil, []) == "invalid_field")
    }

    @Test func anOperationWithoutFieldsTakesNoBody() async {
        let json = [(name: "Content-Type", value: "application/json")]
        for (body, status) in [("", 500), ("{}", 500), (#"{"a":1}"#, 400), ("[]", 400)] {
            #expect(await send("DELETE", "/things/1", json, body: body).status == status, "\(body)")
        }
        #expect(await send("DELETE", "/things/1", body: "{}").status == 415)
    }

    @Test func whatIsNotThere() async {
        let nothing = await send("GET", "/nothing")
        #expect(nothing.status == 404 && nothing.json.object?["code"] == "not_found")
        let wrong = await send("PATCH", "/things/1")
        #expect(wrong.status == 405 && wrong.headers.contains { $0 == ("Allow", "GET, HEAD, DELETE") })
        #expect(router.methods(at: "/things/1") == ["GET", "HEAD", "DELETE"])
        #expect(router.methods(at: "/things") == ["POST"] && router.methods(at: "/x") == [])
        #expect(await send("HEAD", "/things").status == 405)
        #expect(await send("get", "/things/1").status == 405)
    }

    @Test func anothersIsForbiddenWhateverIsAsked() async {
        #expect(await send("GET", "/users/7/own?limit=3", token: "7").status == 204)
        for target in ["/users/8/own", "/users/8/own?limit=x"] {
            #expect(await send("GET", target, token: "7").status == 403)
        }
        #expect(await send("GET", "/users/8/own").status == 401)
        #expect(await send("GET", "/users/x/own", token: "7").status == 404)
    }

    @Test func aBugIs500() async {
        let response = await send("DELETE", "/things/1")
        #expect(response.status == 500 && response.json.object?["code"] == "internal")
    }

    @Test func roomIsTakenBeforeTheWork() async {
        let response = await send("GET", "/things/@x")
        #expect(response.status == 503 && response.headers.contains { $0.0 == "Retry-After" })
    }

    @Test func aTicketStandsForAToken() async {
        #expect(await send("GET", "/stream?ticket=x", token: "bad").json == "x")
        #expect(await send("GET", "/stream", token: "7").json == "7")
        #expect(await send("GET", "/stream").status == 401)
        #expect(await send("GET", "/stream?colour=x").json.object?["code"] == "unknown_parameter")
    }

    /// Before what is asked for is looked at; what is not his to ask anyway is told first.
    @Test func whoMayOnlyRead() async {
        #expect(await send("GET", "/things/1", token: "13").status == 200)
        #expect(await send("POST", "/things?colour=x", token: "13").json.object?["code"] == "account_suspended")
        #expect(await send("POST", "/things").status == 401)
    }

    @Test func problemsFollowFromTheRest() {
        func codes(_ id: String) -> Set<String> {
            Set(router.operations.first { $0.id == id }!.problems.map(\.code.name))
        }
        #expect(
            codes("make") == [
                "invalid_field", "missing_field", "unknown_field", "invalid_json", "unknown_parameter",
                "unauthenticated", "token_expired", "conflict", "idempotency_conflict", "body_too_large",
                "unsupported_media_type", "rate_limited", "header_too_large", "overloaded",
                "account_suspended", "forbidden",
            ])
        #expect(
            codes("show") == [
                "invalid_field", "unknown_parameter", "unauthenticated", "token_expired", "not_found", "rate_limited",
                "header_too_large", "overloaded", "forbidden",
            ])
        #expect(!codes("remove").contains("unauthenticated") && codes("remove").contains("not_found"))
    }
}
