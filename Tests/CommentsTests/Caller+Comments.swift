import Core
import TestSite

extension Caller {
    /// - Returns: the comment's id.
    func comment(_ text: String = "a comment", on post: String, below parent: String? = nil) async throws -> String {
        let response = try await self.post("/v1/posts/\(post)/comments", .comment(text, below: parent))
        guard response.status == 201, let id = response["id"].string else {
            throw UnexpectedResponse(response: response)
        }
        return id
    }

    func edit(_ comment: String, _ text: JSONValue, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await send(
            "PATCH", "/v1/comments/\(comment)", headers, body: Array((["text": text] as JSONValue).text.utf8))
    }

    func delete(comment: String) async throws {
        let response = try await delete("/v1/comments/\(comment)")
        guard response.status == 204 else { throw UnexpectedResponse(response: response) }
    }

    /// `counts.replies` of a comment.
    func replies(of comment: String) async throws -> Int64? {
        try await get("/v1/comments/\(comment)")["counts"]["replies"].integer
    }

    /// `counts.comments` of a post.
    func comments(on post: String) async throws -> Int64? {
        try await get("/v1/posts/\(post)")["counts"]["comments"].integer
    }
}

extension JSONValue {
    static func comment(_ text: String, below parent: String? = nil) -> JSONValue {
        guard let parent else { return ["text": .string(text)] }
        return ["text": .string(text), "parent": .string(parent)]
    }
}
