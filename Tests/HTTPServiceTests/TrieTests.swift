import Core
import Testing

@testable import HTTPService

@Suite struct TrieTests {
    private static let id = PathParameter.id("id")
    private static let handle = PathParameter("handle", .string(), example: "ada") { $0 }
    private static let file = PathParameter.word("file", of: ["app.js", "style.css"])
    private static let paths: [Path] = [
        "/", "/v1/users/\(id)", "/v1/users/@\(handle)", "/v1/users/\(id)/follow", "/v1/tags/popular",
        "/v1/tags/\(id)/posts", "/\(file)", "/healthz", "/v1/tags/\(id)",
    ]

    private let trie: Trie<String> = {
        var trie = Trie<String>()
        for path in paths { trie.insert(path.template, at: path) }
        return trie
    }()

    /// All that is at a path, the best first, with the placeholders' values.
    private func look(_ path: String) -> [String] {
        var found: [String] = []
        trie.look(path) { values, places in
            let bytes = Array(path.utf8)
            found += values.map { value in
                places.reduce(value) { $0 + " " + String(decoding: bytes[$1], as: UTF8.self) }
            }
            return false
        }
        return found
    }

    @Test func findsWhatIsThere() {
        #expect(look("/") == ["/"])
        #expect(look("/healthz") == ["/healthz"])
        #expect(look("/v1/users/17") == ["/v1/users/{id} 17"])
        #expect(look("/v1/users/x y") == ["/v1/users/{id} x y"])
        #expect(look("/v1/users/17/follow") == ["/v1/users/{id}/follow 17"])
        #expect(look("/v1/users/@ada") == ["/v1/users/@{handle} ada"])
        #expect(look("/v1/users/@") == ["/v1/users/@{handle} "])
    }

    @Test(
        arguments: [
            "", "*", "/v1", "/v1/", "/v1/users", "/v1/users/", "//", "/v1/users/17/", "/v1/users/17/follow/",
            "/v1//users/17", "/V1/users/17", "/v1/users//follow", "/v1/users/@ada/follow", "/healthz/", "/other.js",
        ])
    func findsNothingElse(_ path: String) {
        #expect(look(path) == [])
    }

    @Test func aLiteralGoesFirst() {
        #expect(look("/v1/tags/popular") == ["/v1/tags/popular", "/v1/tags/{id} popular"])
    }

    /// A segment that is a literal somewhere is a placeholder's value where the rest of the path wants that.
    @Test func goesBackWhereALiteralLeadsNowhere() {
        #expect(look("/v1/tags/popular/posts") == ["/v1/tags/{id}/posts popular"])
    }

    @Test func wordsAreTheirPlaceholdersOnly() {
        #expect(look("/app.js") == ["/{file} app.js"])
        #expect(look("/style.css") == ["/{file} style.css"])
    }

    @Test func stopsWhenItHasEnough() {
        var count = 0
        trie.look("/v1/tags/popular") { _, _ in
            count += 1
            return true
        }
        #expect(count == 1)
    }

    @Test func whatIsNotAsciiIsAValueLikeOthers() {
        #expect(look("/v1/users/é\u{301}") == ["/v1/users/{id} é\u{301}"])
    }
}
