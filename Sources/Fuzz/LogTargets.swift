import Core
import Feed
import Posts

extension FuzzTarget {
    private static let idWords = [
        "\"post\":\"1\"", "\"author\":\"", "\"follower\":\"9007199254740991\"", "\"followee\":\"01\"",
        "\"buckets\":\"0-1024\"", "\"buckets\":\"", "-", "+", "\"tracked\":\"1\"", "\"schema-version\":\"1\"",
        "\"event-type\":\"x\"", "\"event-id\":\"\"", "\"traceparent\":\"00-", "null", ",", "\"", ":", "{", "}",
    ]

    /// Headers of a record of the event log, given as the flat JSON in which the embedded log keeps them: what is
    /// understood is written as it was read.
    static let eventHeaders = FuzzTarget(
        "event-headers", words: idWords, leastAccepted: 50,
        timed: Timed(.pool) { input, watch in
            guard let record = try? FlatJSON.decode(String(decoding: input, as: UTF8.self)) else { return }
            _ = watch.time { Envelope(headers: record, payload: []) }
        }
    ) { input, _ throws(Finding) in
        guard let record = try? FlatJSON.decode(String(decoding: input, as: UTF8.self)),
            let envelope = Envelope(headers: record, payload: [])
        else { return false }
        let written = envelope.headers
        for name in ["event-type", "schema-version", "event-id"] {
            try require(written[name] == record[name], "\(name) '\(record[name] ?? "")' is read as another")
        }
        for (field, name) in [(EventField<ID>.post, "post"), (EventField<ID>.author, "author")] {
            guard let id = envelope[field] else { continue }
            try require(id.description == record[name], "\(name) '\(record[name] ?? "")' is read as another")
        }
        try require(Envelope(headers: written, payload: []) == envelope, "written down it is read as another")
        return true
    }

    /// A message over Redis Pub/Sub: good is only what is written the same way.
    static let nodeMessage = FuzzTarget(
        "node-message",
        words: [
            "\u{1}\u{1}", "\u{1}\u{2}", "\u{1}\u{3}", "\u{2}\u{1}", "\u{2}\u{3}", "\u{2}\u{4}", "\u{2}\u{5}",
            "\u{2}\u{6}",
            "\u{6}post:1", "\u{C}post.created\u{0}\u{1}",
            "0123456789abcdef", "0123456789ABCDEF", "\n",
        ],
        leastAccepted: 50,
        timed: Timed(.loop) { input, watch in _ = watch.time { NodeMessage(input) } }
    ) { input, _ throws(Finding) in
        guard let message = NodeMessage(input) else { return false }
        try require(message.bytes == input, "two messages mean the same")
        let told: (json: [UInt8], requestID: String)? =
            switch message.body {
            case .event(let event): (event.json, event.requestID)
            case .channel(.event(_, let envelope)), .channel(.state(_, _, let envelope)):
                (envelope.payload, envelope.requestID)
            default: nil
            }
        if let (json, requestID) = told {
            try require(requestID.utf8.count <= 64, "a tag grew")
            // What goes into the frames of clients.
            try require(!json.contains { $0 == 10 || $0 == 13 }, "a line ends in an event")
            try require((try? JSONValue.parse(json))?.object != nil, "an event that is no object")
        }
        return true
    }

    /// An entry of a timeline in Redis: good is only what is written the same way.
    static let timelineEntry = FuzzTarget(
        "timeline-entry", leastAccepted: 50,
        timed: Timed(.pool) { input, watch in _ = watch.time { TimelineEntry(input) } }
    ) { input, _ throws(Finding) in
        guard let entry = TimelineEntry(input) else { return false }
        try require(entry.bytes == input, "two entries mean the same")
        try require(entry.post <= .max && entry.author <= .max && entry.position >> 53 == 0, "a number beyond 2^53")
        return true
    }
}
