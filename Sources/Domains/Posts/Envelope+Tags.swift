public import Core

/// Hashtags by which a public post's events are routed: those that it has, then those that it had before the edit.
extension Envelope {
    /// Fields of a record are bounded, and so are their lengths (`Envelope`). The tags of a post fit in any case; of those of before
    /// some may be left out.
    private static let fields = (0..<26).map { number in
        EventField<[String]>(
            number == 0 ? "tags" : "tags.\(number)",
            read: { $0.isEmpty ? nil : PostEntities.tags(in: $0) },
            write: { $0.joined(separator: " ") })
    }
    private static let longestField = 255

    public var tags: [String] {
        get { Self.fields.flatMap { self[$0] ?? [] } }
        set {
            var parts: [[String]] = []
            var room = 0
            for tag in newValue {
                let bytes = tag.utf8.count + 1
                if bytes > room {
                    parts.append([])
                    room = Self.longestField + 1
                }
                parts[parts.count - 1].append(tag)
                room -= bytes
            }
            for (index, field) in Self.fields.enumerated() {
                self[field] = index < parts.count ? parts[index] : nil
            }
        }
    }

    /// As it goes to where nothing is routed by tags.
    public var withoutTags: Envelope {
        guard self[Self.fields[0]] != nil else { return self }
        var envelope = self
        envelope.tags = []
        return envelope
    }
}
