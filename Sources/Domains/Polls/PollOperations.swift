import Core
import HTTPService
import Posts
import Store

/// Polls. They are made with posts.
struct PollOperations: Sendable {
    private static let tag = Tag("polls", "Polls of posts; they are made by `POST /v1/posts`")
    /// Of a poll as JSON: eight options of 80 characters, each of which may become six.
    private static let largest = 6144
    let polls: Polls
    let writes: Writes

    var all: [Operation] {
        [
            Operation(
                .get, "/v1/polls/\(PollPath.id)", id: "getPoll", tag: Self.tag, "A poll", access: .optional,
                responses: [.json(PollView.component, "The poll.")], largest: Self.largest, handler: show),
            Operation(
                .post, "/v1/polls/\(PollPath.id)/votes", id: "vote", tag: Self.tag, "Vote in a poll",
                description: """
                    Once, also in one's own. It counts where it is committed before the poll closes, by the server's clock.
                    """,
                body: RequestBody("Vote", PollFields.vote),
                responses: [.json(PollView.component, "The poll with the caller's vote.")],
                problems: [.alreadyVoted, .pollClosed], idempotency: .key("vote"), largest: Self.largest, handler: vote),
        ]
    }

    @Sendable private func show(_ request: RequestContext) async throws -> Response {
        let id = request[PollPath.id]
        guard let poll = try await polls.view(id, to: request.viewer) else { throw Polls.noPoll(id) }
        return .json { poll.append(to: &$0) }
    }

    @Sendable private func vote(_ request: RequestContext) async throws -> Response {
        do {
            guard request.idempotencyKey != nil else {
                let poll = try await polls.view(request[PollPath.id], to: request.caller)
                let voted = try await vote(request, in: poll, run: writes.run)
                return .json { voted.append(to: &$0) }
            }
            return try await writes.run(request) { transaction in
                let reading = Polls.reading(request[PollPath.id], to: SQL.parameter(request.caller))
                let poll = try Polls.view(try await transaction.query(reading))
                let voted = try await vote(request, in: poll, run: transaction.batch)
                var json = ByteWriter(capacity: 512)
                voted.append(to: &json)
                return StoredResponse(status: 200, body: json.bytes)
            }
        } catch let error as PgError where Polls.saysClosed(error) {
            throw Polls.hasClosed
        }
    }

    /// - Parameter poll: for what never changes of it: whether the vote counts is decided by its own statement.
    private func vote(
        _ request: RequestContext, in poll: PollView?, run: ([SQL]) async throws -> [PgRows]
    ) async throws -> PollView {
        guard let poll else { throw Polls.noPoll(request[PollPath.id]) }
        let options = request[PollFields.vote]
        guard options.allSatisfy(poll.options.indices.contains) else {
            throw Problem(.invalidField, "the poll has the options 0 to \(poll.options.count - 1)", field: "options")
        }
        guard poll.isMultiple || options.count == 1 else {
            throw Problem(.invalidField, "one votes for one option in this poll", field: "options")
        }
        let statements = try polls.vote(options, in: poll, by: request.caller, request.trace)
        return try Polls.counted(try await run(statements), in: poll)
    }
}
