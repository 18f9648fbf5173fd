import Core
import TestSite
import Testing

/// `POST`, `GET` and `DELETE /v1/posts`.
@Suite(.site) struct PostTests {
    private static let accent = "e\u{301}"
    private static let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}"
    private let site = TestSite.current

    @Test func comesBack() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let response = try await alice.post("/v1/posts", ["text": "hello"])
        #expect(
            response.status == 201
                && response.json.object?.keys == [
                    "id", "author", "text", "created_at", "visibility", "counts", "liked", "bookmarked",
                ])
        #expect(response["author"].object?.keys == ["id", "handle", "display_name"])
        #expect(response["author"]["id"].string == alice.id && response["author"]["handle"].string == alice.handle)
        #expect(response["text"].string == "hello")
        #expect(response["created_at"].string == rfc3339(milliseconds: site.clock.milliseconds()))
        #expect(response.header("Location") == "/v1/posts/\(response["id"].string!)")
        for reader: any Caller in [alice, bob, site.stranger()] {
            let read = try await reader.get(response.header("Location")!)
            #expect(read.status == 200 && read["text"].string == "hello")
            #expect((read["bookmarked"].bool == nil) == !(reader is TestUser))
        }
        #expect(try await alice.get(response.header("Location")!).body == response.body)
        #expect(try await alice.get("/v1/me")["posts"].integer == 1)
    }

    @Test func idsGrow() async throws {
        let ids = try await site.signUp().posts(50).map { ID($0)! }
        #expect(ids == ids.sorted() && Set(ids).count == 50)
    }

    /// Counted as scalars, not normalised, not escaped, not cut.
    @Test(arguments: [
        "x", String(repeating: "x", count: 5000), String(repeating: "🐦", count: 5000),
        String(repeating: accent, count: 2500), String(repeating: family, count: 1000), "line\nline\ttab",
        "\"quotes\" \\ </script> & <b>", "\u{200b}zero width\u{200b}", "\u{202e}right to left", "é", accent,
        "Ω\u{2126}",
        "\u{10ffff}", "a\u{a0}b", "null",
    ]) func textComesBackAsItWas(_ text: String) async throws {
        let alice = try await site.signUp()
        let response = try await alice.post("/v1/posts", ["text": .string(text)])
        let read = try await alice.get(response.header("Location")!)
        for given in [response, read] { #expect(given["text"].string.map { Array($0.utf8) } == Array(text.utf8)) }
    }

    @Test func textInEscapes() async throws {
        let body = Array(#"{"\u0074ext":"\ud83d\udc26\u00e9\n\/"}"#.utf8)
        #expect(try await site.signUp().send("POST", "/v1/posts", body: body)["text"].string == "🐦é\n/")
    }

    @Test(arguments: [
        "a\u{1}b", "a\r\nb", "\u{1b}[31m", "a\u{7f}", "a\u{85}b", "a\u{9f}b", "a\0", "", " ", "\n\t ",
        String(repeating: "x", count: 5001), String(repeating: "🐦", count: 5001),
        String(repeating: accent, count: 2501),
        "a" + String(repeating: "\u{301}", count: 129),
    ]) func textThatIsNone(_ text: String) async throws {
        let alice = try await site.signUp()
        for path in ["/v1/posts", "/posts"] {
            let response = try await alice.post(path, ["text": .string(text)])
            #expect(response.isProblem(400, "invalid_field", field: "text"))
        }
        #expect(try await alice.walk("/v1/users/\(alice.id)/posts") == [])
    }

    @Test func textIsTrimmedBeforeItIsMeasured() async throws {
        let alice = try await site.signUp()
        let long = String(repeating: "x", count: 5000)
        for (given, kept) in [
            ("  \n hi there \t\n", "hi there"),
            (String(repeating: " ", count: 3000) + long + String(repeating: "\n", count: 3000), long),
        ] {
            #expect(try await alice.post("/v1/posts", ["text": .string(given)])["text"].string == kept)
        }
    }

    @Test func theShortForm() async throws {
        let alice = try await site.signUp()
        let response = try await alice.post("/posts", ["text": "short"])
        #expect(response.status == 201 && response.header("Location") == "/v1/posts/\(response["id"].string!)")
    }

    /// 403 for others, also with the author's own key; 204 for the author, and 204 again; then 404 for everyone else.
    @Test func onlyTheAuthorDeletes() async throws {
        let (alice, bob) = (try await site.signUp(), try await site.signUp())
        let path = "/v1/posts/\(try await alice.post(text: "to be deleted"))"
        for headers in [[:], ["Idempotency-Key": "k"]] {
            #expect(try await bob.delete(path, headers).isProblem(403, "forbidden"))
        }
        #expect(try await site.stranger().delete(path).isProblem(401, "unauthenticated"))
        #expect(try await bob.get(path).status == 200)
        for _ in 0..<2 {
            #expect(try await alice.delete(path, ["Idempotency-Key": "k"]).status == 204)
            #expect(try await alice.delete(path).status == 204)
            #expect(try await bob.delete(path).isProblem(404, "not_found"))
            for reader: any Caller in [alice, bob, site.stranger()] {
                #expect(try await reader.get(path).isProblem(404, "not_found"))
            }
        }
        #expect(try await alice.get("/v1/me")["posts"].integer == 0)
    }

    @Test func oneThatNeverWas() async throws {
        let alice = try await site.signUp()
        for id in ["1", "abc", "9007199254740992"] {
            #expect(try await alice.get("/v1/posts/\(id)").isProblem(404, "not_found"))
            #expect(try await alice.delete("/v1/posts/\(id)").isProblem(404, "not_found"))
        }
    }

    @Test func oneEventForEachChangeInOrder() async throws {
        let alice = try await site.signUp()
        let first = try await alice.post(text: "first")
        _ = try await alice.post(text: "second")
        for _ in 0..<2 { #expect(try await alice.delete("/v1/posts/\(first)").status == 204) }
        try await site.settle()
        let events = site.events(in: "post.events", of: alice.id)
        #expect(events == ["post.created", "post.created", "post.deleted"])
    }
}
