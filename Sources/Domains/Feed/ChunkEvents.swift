import Core

/// What the fan-out says on the log: changes of posts, each for one range of its author's followers. A record's key is the
/// author and the range; kind and payload are the change's.
enum ChunkEvents {
    static let topic = "fanout.chunks"
}

extension EventField<Range<Int>> {
    /// The range of buckets of a chunk, the upper bound excluded: `0-256`.
    static let buckets = EventField("buckets", read: Self.range, write: { "\($0.lowerBound)-\($0.upperBound)" })

    private static func range(_ text: String) -> Range<Int>? {
        let bounds = text.split(separator: "-").compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] >= 0, bounds[0] < bounds[1], bounds[1] <= Bucket.count,
            text == "\(bounds[0])-\(bounds[1])"
        else { return nil }
        return bounds[0]..<bounds[1]
    }
}

extension EventField<Bool> {
    /// Of a chunk: its progress is written down, so that it can go on where it stopped.
    static let isTracked = EventField("tracked", read: { $0 == "1" }, write: { $0 ? "1" : "0" })
}
