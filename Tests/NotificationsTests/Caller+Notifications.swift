import Core
import TestSite

extension TestUser {
    /// What the user is notified of, newest first: `like:post:1 2` is a key and how often.
    func notified(_ query: String = "") async throws -> [String] {
        try await get("/v1/notifications" + query).items.map {
            "\($0["key"].string ?? "?") \($0["count"].integer ?? 0)"
        }
    }

    /// Of a key; `null`: there is none.
    func notification(_ key: String) async throws -> JSONValue {
        try await get("/v1/notifications").items.first { $0["key"].string == key } ?? .null
    }

    func unread() async throws -> Int64? { try await get("/v1/notifications?limit=1")["unread"].integer }

    /// What there is to be, or the test can't go on.
    func does(_ method: String, _ target: String, _ body: JSONValue? = nil) async throws {
        let response = try await send(method, target, body: body.map { Array($0.text.utf8) })
        guard response.status < 300 else { throw UnexpectedResponse(response: response) }
    }

    func like(_ post: String) async throws { try await does("PUT", "/v1/posts/\(post)/like") }
    func unlike(_ post: String) async throws { try await does("DELETE", "/v1/posts/\(post)/like") }

    /// - Returns: the comment's id.
    func comment(on post: String, below parent: String? = nil) async throws -> String {
        var body: JSONValue = ["text": "a comment"]
        if let parent { body = ["text": "a reply", "parent": .string(parent)] }
        let response = try await self.post("/v1/posts/\(post)/comments", body)
        guard let id = response["id"].string else { throw UnexpectedResponse(response: response) }
        return id
    }
}

extension JSONValue {
    /// Handles of a notification's actors.
    var actors: [String] { self["actors"].array?.compactMap { $0["handle"].string } ?? [] }
}
