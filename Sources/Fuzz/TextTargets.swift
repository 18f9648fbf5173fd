import TextEntities

extension FuzzTarget {
    /// Hashtags and mentions of a text: each is where it says, one spelling of a tag is its name, and nothing around a text
    /// changes what is in it.
    static let textEntities = FuzzTarget(
        "text-entities",
        words: [
            "#", "\u{FF03}", "@", "\u{FF20}", "ada", "Bob_1", " ", "/", "://", "https://", "&", "_", "1", "\u{E9}",
            "e\u{301}",
            "\u{338}", "\u{AC00}", "\u{1100}\u{1161}\u{11A8}", "\u{FF76}\u{FF9E}", "\u{FF33}", "\u{DF}", "\u{FDFA}",
            "\u{37A}",
            "\u{200C}", "\u{200D}", "\u{FE0F}", "\u{20E3}", "\u{2764}", "\u{1F44D}\u{1F3FD}", "\u{661}", "\u{3007}",
            "\u{3002}",
            "\u{E0100}", "\u{3164}",
        ], leastAccepted: 50,
        timed: Timed(.pool) { input, watch in
            let text = String(String(decoding: input, as: UTF8.self).unicodeScalars.prefix(5_000))
            _ = watch.time { TextEntities(of: text) }
        }
    ) { input, _ throws(Finding) in
        let text = String(String(decoding: input, as: UTF8.self).unicodeScalars.prefix(5_000))
        let scalars = Array(text.unicodeScalars)
        let found = TextEntities(of: text)
        try require(found.tags.count <= 20 && found.mentions.count <= 100, "more than there may be")
        for tag in found.tags {
            try require(TextTag(tag.display) == tag, "\(tag.display.debugDescription) is another tag by itself")
            let name = TextTag(tag.name)
            try require(name == tag, "\(tag.name.debugDescription) is compared as \(name?.name ?? "no tag")")
            try require((1...60).contains(tag.name.unicodeScalars.count), "a long tag")
            let spelling = Array(tag.display.unicodeScalars)
            try require(
                scalars.indices.contains { place in
                    (scalars[place] == "#" || scalars[place] == "\u{FF03}")
                        && scalars[(place + 1)...].starts(with: spelling)
                }, "\(tag.display.debugDescription) is not in the text")
        }
        try require(Set(found.tags).count == found.tags.count, "a tag twice")
        var end = 0
        for mention in found.mentions {
            try require(mention.from >= end && mention.to <= scalars.count, "mentions that overlap")
            end = mention.to
            let written = scalars[mention.from..<end].dropFirst().map { $0.properties.lowercaseMapping }.joined()
            try require(
                (3...30).contains(mention.handle.utf8.count) && written.utf8.elementsEqual(mention.handle.utf8),
                "\(mention.handle) is not at \(mention.from)")
        }
        let around = TextEntities(of: "\n" + text + " ")
        try require(
            around.tags == found.tags && around.mentions.map(\.handle) == found.mentions.map(\.handle)
                && around.mentions.map(\.from) == found.mentions.map { $0.from + 1 }, "space around it changes it")
        return !found.tags.isEmpty || !found.mentions.isEmpty
    }
}
