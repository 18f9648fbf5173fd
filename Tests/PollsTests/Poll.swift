import Core
import DomainKit
import Polls
import TestSite

/// A poll that was made.
struct Poll: Sendable {
    let id: String
    let post: String

    /// Of the options a, b, c; closes in an hour.
    init(
        by author: TestUser, multiple: Bool = false, results: String = "always", closesIn: Int64 = 3600
    ) async throws {
        let response = try await author.post(
            "/v1/posts",
            [
                "poll": [
                    "options": ["a", "b", "c"], "multiple": .bool(multiple), "results": .string(results),
                    "closes_in": .integer(closesIn),
                ]
            ])
        guard response.status == 201, let id = response["poll"]["id"].string, let post = response["id"].string else {
            throw UnexpectedResponse(response: response)
        }
        (self.id, self.post) = (id, post)
    }
}

extension Caller {
    func vote(_ options: [Int64], in poll: Poll, _ headers: [String: String] = [:]) async throws -> TestResponse {
        try await post("/v1/polls/\(poll.id)/votes", ["options": .array(options.map { .integer($0) })], headers)
    }
}

extension TestSite {
    /// Votes by option and voters, as a reader sees them.
    func counts(of poll: Poll, by reader: some Caller) async throws -> [Int64?] {
        let view = try await reader.get("/v1/polls/\(poll.id)")
        return (view["options"].array ?? []).map { $0["votes"].integer } + [
            view["votes"].integer, view["voters"].integer,
        ]
    }
}
