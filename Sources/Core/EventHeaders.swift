/// The types of events in the log, and of the events that clients see.
public enum EventType {
    public static let postCreated = "post.created"
    public static let postDeleted = "post.deleted"
    public static let followAccepted = "follow.accepted"
    public static let followRemoved = "follow.removed"
    public static let notificationRequested = "notification.requested"
    public static let feedUpdated = "feed.updated"
}

/// Names of the topics.
public enum TopicName {
    public static let postEvents = "post.events"
    public static let graphEvents = "graph.events"
    public static let chunks = "fanout.chunks"
    public static let feedUpdated = "feed.updated"
    public static let notificationRequested = "notification.requested"
}

/// What travels as headers of a record: what the event is, where it came from, and the ids that consumers route by, so
/// that the fan-out never parses a body.
public struct EventHeaders: Sendable, Equatable {
    public var type: String
    /// UUIDv7: the same over every redelivery.
    public var eventID: String
    public var requestID: String
    public var traceparent: String?
    public var post: ID?
    public var author: ID?
    public var follower: ID?
    public var followee: ID?
    /// The range of buckets of a chunk, the upper bound excluded.
    public var buckets: Range<Int>?
    /// Of a chunk: its progress is written down, so that it can go on where it stopped.
    public var isTracked = false

    private static let schema = "1"
    private static let tenant = "default"

    public init(type: String, eventID: String, requestID: String, traceparent: String? = nil) {
        self.type = type
        self.eventID = eventID
        self.requestID = requestID
        self.traceparent = traceparent
    }

    public var dictionary: [String: String] {
        var headers = [
            "event-type": type, "event-id": eventID, "request-id": requestID, "schema-version": Self.schema,
            "tenant": Self.tenant,
        ]
        headers["traceparent"] = traceparent
        headers["post"] = post?.description
        headers["author"] = author?.description
        headers["follower"] = follower?.description
        headers["followee"] = followee?.description
        if isTracked { headers["tracked"] = "1" }
        headers["buckets"] = buckets.map { "\($0.lowerBound)-\($0.upperBound)" }
        return headers
    }

    /// `nil` where a header is missing or malformed, or the schema is not known.
    public init?(_ headers: [String: String]) {
        guard let type = headers["event-type"], let eventID = headers["event-id"],
            headers["schema-version"] == Self.schema
        else { return nil }
        self.init(
            type: type, eventID: eventID, requestID: headers["request-id"] ?? "", traceparent: headers["traceparent"])
        for (name, path) in [
            ("post", \EventHeaders.post), ("author", \.author), ("follower", \.follower), ("followee", \.followee),
        ] {
            guard let text = headers[name] else { continue }
            guard let id = ID(text) else { return nil }
            self[keyPath: path] = id
        }
        isTracked = headers["tracked"] == "1"
        if let text = headers["buckets"] {
            let bounds = text.split(separator: "-").compactMap { Int($0) }
            guard bounds.count == 2, bounds[0] >= 0, bounds[0] < bounds[1], bounds[1] <= Bucket.count,
                text == "\(bounds[0])-\(bounds[1])"
            else { return nil }
            buckets = bounds[0]..<bounds[1]
        }
    }
}
