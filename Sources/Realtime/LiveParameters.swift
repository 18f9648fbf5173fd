import Core
import Feed
import HTTPService

/// What a client says to open an event stream.
enum LiveParameters {
    static let ticket = Parameter.text(
        "ticket", .string(), example: Ticket.exampleText, "From `POST /v1/live/ticket`, good for 30 s."
    ).orNil

    static let channels = Parameter<StreamChannels>(
        "channels", StreamChannels.schema, example: "feed,post:7033541419028480",
        StreamChannels.summary + " Each event then has `channel`, and an id is where the stream is in all of them.",
        problems: [.notFound]
    ) { text throws(Refusal) in
        try StreamChannels(text)
    }.orNil

    static let since = Parameter.text(
        "since", .string(), example: Component.cursor.example.string!,
        """
        The position to go live from: `live` of a page. Without it and an id of a last event: from now on. One that can't \
        be read or used is no error: the stream begins with `reset`.
        """
    ).orNil

    static let lastEventID = Parameter.text(
        "lastEventId", .string(), example: Component.cursor.example.string!,
        "As the header `Last-Event-ID`, for clients that can't set headers."
    ).orNil

    static let lastEventIDHeader = HeaderField(
        "Last-Event-ID",
        """
        The id of the last event received; goes before `lastEventId` and `since`. One that can't be read or used is no \
        error: the stream begins with `reset`.
        """)
}
