import Core
import Wire

extension FuzzTarget {
    private static let idWords = [
        "\"post\":\"1\"", "\"author\":\"", "\"follower\":\"9007199254740991\"", "\"followee\":\"01\"",
        "\"buckets\":\"0-1024\"", "\"buckets\":\"", "-", "+", "\"tracked\":\"1\"", "\"schema-version\":\"1\"",
        "\"event-type\":\"x\"", "\"event-id\":\"\"", "\"traceparent\":\"00-", "null", ",", "\"", ":", "{", "}",
    ]

    /// Headers of a record of the event log, given as the flat JSON in which the embedded log keeps them: what is
    /// understood is written as it was read.
    static let eventHeaders = FuzzTarget("event-headers", words: idWords, leastAccepted: 50) {
        input, _ throws(Finding) in
        guard let record = try? FlatJSON.decode(String(decoding: input, as: UTF8.self)),
            let headers = EventHeaders(record)
        else { return false }
        let written = headers.dictionary
        for name in ["event-type", "event-id", "post", "author", "follower", "followee", "buckets"] {
            try require(written[name] == record[name], "\(name) '\(record[name] ?? "")' is read as another")
        }
        try require(EventHeaders(written) == headers, "written down it is read as another")
        return true
    }

    /// A message over Redis Pub/Sub: good is only what is written the same way.
    static let nodeMessage = FuzzTarget(
        "node-message",
        words: ["\u{1}\u{1}", "\u{1}\u{2}", "\u{1}\u{3}", "0123456789abcdef", "0123456789ABCDEF", "\n"],
        leastAccepted: 50
    ) { input, _ throws(Finding) in
        guard let message = NodeMessage(input) else { return false }
        try require(message.bytes == input, "two messages mean the same")
        if case .event(let event) = message.body {
            let (requestID, json) = TaggedEvent.split(event.payload)
            try require(
                requestID.utf8.count <= 3 * event.payload.count && json.count <= event.payload.count, "a tag grew")
        }
        return true
    }

    /// An entry of a timeline in Redis: good is only what is written the same way.
    static let timelineEntry = FuzzTarget("timeline-entry", leastAccepted: 50) { input, _ throws(Finding) in
        guard let entry = TimelineEntry(input) else { return false }
        try require(entry.bytes == input, "two entries mean the same")
        try require(entry.post <= .max && entry.author <= .max && entry.position >> 53 == 0, "a number beyond 2^53")
        return true
    }
}
