import Core
public import HTTPService
import Live

extension LiveService {
    private static let tag = Tag("live", "The feed as it happens: these do not end")

    /// Tickets, event streams, WebSockets.
    public var operations: [Operation] { [tickets, eventStream, webSocket] }

    private var tickets: Operation {
        Operation(
            .post, "/v1/live/ticket", id: "createTicket", tag: Self.tag, "A ticket for an event stream",
            description: """
                For EventSource, which can't send headers. It opens one stream; afterwards it serves only reconnects of \
                that stream with a `Last-Event-ID` that the stream was given.
                """,
            lane: .write(makesEvents: false),
            responses: [.json(Ticket.component, "The ticket.", status: 201)], idempotency: .key("ticket"),
            handler: giveTicket)
    }

    private var eventStream: Operation {
        let example = "retry: 2000\nevent: live\nid: \(Component.cursor.example.string!)\ndata: {}\n\n"
        return Operation(
            .get, "/v1/live/sse", id: "streamEvents", tag: Self.tag, "The feed as server-sent events",
            description: """
                It does not end by itself. The first event is the verdict: `live`, `resumed` or `reset`; then \
                `post.created`, `post.updated` and `post.deleted`, each with the position as its id. Before the server goes down: \
                `drain`. A comment comes every 15 s. HEAD gets the head of the stream; it opens none and spends no \
                ticket. A browser's EventSource comes back by itself when a stream breaks, and never after a status \
                other than 200: make a new one then, after 401 with a new ticket, after 503 when `Retry-After` has \
                passed. Where others get 429, a GET without `Authorization` gets a stream with nothing but `retry`, \
                which ends; EventSource comes back when that time has passed. Who missed more than 512 KB gets a \
                `reset`. With `channels` each of them has a verdict of its own, with its name: `reset` says in `read` where \
                the API has what the channel is about. `unsubscribed` ends a channel that the caller may not see any more \
                (`code` 2000); the stream goes on with the others.
                """,
            access: .ticket(LiveParameters.ticket), rate: .free, otherLimits: JoinBudget.summary,
            parameters: [LiveParameters.channels, LiveParameters.since, LiveParameters.lastEventID],
            headers: [LiveParameters.lastEventIDHeader],
            responses: [.text(["text/event-stream"], "The stream.", example: example)], problems: [.rateLimited],
            transport: .eventStream(
                EventStreamHandler(
                    refusal: { [budget] in budget.pay(address: $0).map(JoinBudget.refusal) },
                    open: { [self] in try await openStream($0, $1) }, refused: StreamRefusal.response)))
    }

    private var webSocket: Operation {
        Operation(
            .get, "/v1/live/ws", id: "openWebSocket", tag: Self.tag, "The feed over WebSocket",
            description: """
                The Centrifugo client protocol, version 2: in JSON, with the optional subprotocol `centrifuge-json`, \
                or in protobuf with `centrifuge-protobuf`. The access token goes into the command `connect`, which \
                subscribes to the channel `feed:` and the user's id; `unsubscribe` from it ends the pushes, and \
                `subscribe` begins them again, with `recover`, `epoch` and `offset` from where they ended. With \
                `data: {"channels":"feed,notifications"}` it subscribes to `notifications:` and the user's id, too. Other \
                channels are subscribed to in the same way: `user:ID` (that user's public posts), \
                `post:ID` (`post.updated`, `post.deleted`, `comment.…`, `post.counts`), 128 for a connection and 512 for a user (error 106). Error 102 is for one \
                that is not there, or that the caller may not see; a push `unsubscribe` with code 2000 when that is so \
                later, with 2500 to subscribe again. Before \
                `connect` a client may send 4 messages of 4 KB; behind it messages have 24 KB at most, and 10 commands \
                and 8 KB a second are taken after a burst of 200 and 64 KB. Frames of any kind count, too: 32 before \
                `connect`, behind it 400 at once and 40 a second. A longer message ends the connection with 1009, \
                more of them with 3013. A command that the protocol has and no channel here takes (`publish`, \
                `history`, `presence`, `presence_stats`, `rpc`, `sub_refresh`) gets error 108. Error 111 of `connect` \
                and `subscribe` passes: try again later. A request that is not the opening of a WebSocket of version \
                13 gets 426. Parameters of the query are not looked at.
                """,
            access: .anyone, rate: .free, otherLimits: JoinBudget.summary,
            responses: [DeclaredResponse(101, "The connection is a WebSocket.")], problems: [.rateLimited],
            transport: .webSocket(
                WebSocketHandler(
                    subprotocols: LiveForm.subprotocols, refusal: { [self] in refusal(of: $0) },
                    opened: { [gateways] in
                        WebSocketClient.open($0, LiveForm(subprotocol: $1), on: gateways.current, from: $2)
                    })))
    }

    @Sendable private func giveTicket(_ request: RequestContext) async throws -> Response {
        let caller = request.authenticated!
        let ticket = Ticket.make(user: caller.user, session: caller.session, now: clock.milliseconds())
        let body = Ticket.json(ticket.encode(key: ticketKeys.current))
        // Nothing is stored for a ticket, but for the response to a request that may be repeated.
        guard request.idempotencyKey != nil else { return .json(body, status: 201) }
        return try await writes.run(request) { _ in
            StoredResponse(status: 201, body: body, session: caller.session)
        }
    }
}
