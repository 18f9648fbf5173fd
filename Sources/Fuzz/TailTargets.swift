import Core
import Tail

extension FuzzTarget {
    private static let streamWords = [
        "\n", "\r", "\r\n", "\n\n", ":", ": ", "data", "data:", "data: x\n", "event: e\n", "id\n", "id: 1\n",
        "id: \u{0}\n", "retry: 10\n", "retry: 99999999999999999999\n", "\u{FEFF}", "data\n\n",
    ]
    private static let limit = 200

    /// Server-sent events as `tail` reads them: wherever the bytes are cut, the same events; and an event written down
    /// anew is the same event.
    static let eventStream = FuzzTarget(
        "event-stream", words: streamWords, leastAccepted: 200,
        timed: Timed(.tail) { input, watch in
            var parser = EventStreamParser()
            _ = watch.time { parser.append(input) }
        }
    ) { input, thorough throws(Finding) in
        var parser = EventStreamParser(limit: limit)
        let whole = parser.append(input)
        for pieces in Cuts.of(input, thorough: thorough) {
            var parser = EventStreamParser(limit: limit)
            let cut = pieces.flatMap { parser.append($0) }
            try require(cut == whole, "cut as \(pieces.map(\.count)): \(cut), whole: \(whole)")
        }
        if input.count > 1000 {
            var parser = EventStreamParser()
            _ = parser.append(input)
        }
        var events = 0
        for case .event(let event) in whole {
            events += 1
            try require(event.data.utf8.count <= 3 * limit, "\(event.data.utf8.count) bytes of data")
            var parser = EventStreamParser()
            let lines = event.data.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }
            let text = "event: \(event.type)\nid: \(event.id)\n\(lines.joined())\n"
            try require(parser.append(Array(text.utf8)) == [.event(event)], "written anew it is another: \(event)")
        }
        return events > 0
    }

    private static let pageWords = [
        "\"items\":[", "\"live\":\"x\"", "\"created_at\":\"9999-99-99T99:99:99.999Z\"", "T", "Z", "0000", "\\u001b[2J",
        "\\u202e", "\\u0007", "\\u009b", "\u{1B}[0m", "\u{85}", "\\u0301", "null", "{", "}", "\"", ",", "\\n", "\\r",
    ]

    /// A page of a feed as `tail` reads and shows it: nothing of it may do anything to a terminal.
    static let feedPage = FuzzTarget(
        "feed-page", words: pageWords, leastAccepted: 50,
        timed: Timed(.tail) { input, watch in _ = watch.time { FeedPage(input) } }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        try checkHarmless(text)
        guard let page = FeedPage(input) else { return false }
        for (post, _) in page.posts {
            try checkHarmless(post.text)
            try require(
                post.createdAt == rfc3339(milliseconds: post.milliseconds) && post.createdAt.utf8.count == 24,
                "the time \(post.createdAt)")
        }
        return !page.posts.isEmpty
    }

    private static func checkHarmless(_ text: String) throws(Finding) {
        for breaks in [true, false] {
            let shown = Harmless.visible(text, breaks: breaks)
            try require(!hasControl(shown, but: breaks ? 10 : nil), "a control is shown")
        }
        let escaped = Harmless.escaped(text)
        try require(!hasControl(escaped, but: nil), "a control is written to a file")
        try require(escaped.utf8.count <= 8 * text.utf8.count, "it grew to \(escaped.utf8.count) bytes")
        try require(!hasControl(Harmless.json(text), but: nil), "a control is left in JSON")
    }

    private static func hasControl(_ text: String, but kept: UInt32?) -> Bool {
        text.unicodeScalars.contains { scalar in
            guard scalar.value != kept else { return false }
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E: return true
            default: return false
            }
        }
    }
}
