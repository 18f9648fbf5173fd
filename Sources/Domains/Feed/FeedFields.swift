import Accounts
import Core
import HTTPService
import Posts

enum FeedParameters {
    /// Seconds that a long poll is held; proxies and clients that give up after a minute must never see the end of it.
    static let mostWaited = 45
    /// What may be asked for: clients that were made for more get less.
    private static let mostAsked = 55

    // No defaults: which of them go together is for the operation to say.
    static let limit = PageParameters.howMany.described("Posts of a page: 30 without it. Not with `since`.").orNil
    static let cursor = PageParameters.cursor
    static let since = Parameter.text(
        "since", Component.cursor.reference, example: Component.cursor.example.string!,
        "A position: `live` of a response, the id of an event. Another caller's gets 400 `invalid_cursor`.",
        problems: [.invalidCursor]
    ).orNil
    static let channels = Parameter<StreamChannels>(
        "channels", StreamChannels.schema, example: "feed,post:7033541419028480",
        StreamChannels.summary
            + """
             Each item then has `channel`, and `live` is where the poll is in all of them. A channel that the position says \
            nothing of begins now, with an item `live`.
            """, problems: [.notFound]
    ) { text throws(Refusal) in
        try StreamChannels(text)
    }.orNil
    static let wait = Parameter.integer(
        "wait", in: 0...mostAsked, example: 25,
        """
        Seconds to hold the request until there is something, \(mostWaited) at most: more is taken as that. Without it \
        the response comes at once. Only with `since` or `channels`.
        """
    ).orNil
}

enum FeedPath {
    static let owner = PathParameter.id("id", "The caller's own.")
}

/// What `GET /v1/feed` answers.
struct FeedComponents {
    let events: Component
    /// First the one with a key of its own: generators take the first that fits.
    let either: Component

    static let page = Component(
        "FeedPage",
        Schema.list(of: PostView.component, more: [.always("live", Component.cursor.reference, "To go live from.")])
            .with("not", ["required": ["reset"]]),
        example: [
            "items": [PostView.component.example], "next": Component.cursor.example, "live": Component.cursor.example,
        ])

    /// - Parameter channels: what channels tell, beside the feed's own.
    init(channels: [(type: String, component: Component)]) {
        let event = Component(
            "Event",
            .oneOf(
                FeedEvent.components + FeedChange.components + UserUpdated.components(FeedEvent.channel)
                    + channels.map { ($0.type, $0.component) } + PollVerdict.components, by: "type"),
            example: FeedEvent.example)
        events = Self.events(of: event)
        either = Component("Feed", .oneOf([events, Self.page]), example: Self.page.example)
    }

    private static func events(of event: Component) -> Component {
        Component(
            "FeedEvents",
            .object([
                .always("items", .array(of: event.reference)),
                .always("live", Component.cursor.reference, "To ask on from."),
                .always(
                    "reset", .boolean,
                    """
                    The position is out of the window; there are no items: read the feed. With `channels`: an item `reset` says \
                    of which one, and where to read.
                    """),
            ]), example: ["items": [event.example], "live": Component.cursor.example, "reset": false])
    }
}
