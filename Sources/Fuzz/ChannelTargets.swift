import Core
import Feed
import Live

extension FuzzTarget {
    /// Names of channels, one alone and as the list of an event stream.
    static let channels = FuzzTarget(
        "channels",
        words: [
            "feed", ",", ":", "post:1", "user:7", "tag:한글", "notifications", "feed,", " ", "\u{0}", "\u{301}", "%2C",
        ],
        leastAccepted: 50,
        timed: Timed(.loop) { input, watch in
            let text = String(decoding: input, as: UTF8.self)
            _ = watch.time { ChannelName(text) }
        }
    ) { input, _ throws(Finding) in
        let text = String(decoding: input, as: UTF8.self)
        if let name = ChannelName(text) {
            try require(name.description.isExactly(text), "the name \(name) is another")
            try require("\(name.kind):\(name.key)".isExactly(text), "kind and key are not the name: \(text)")
            try require((0..<Bucket.count).contains(name.bucket), "the bucket \(name.bucket)")
        }
        guard let list = try? StreamChannels(text) else { return false }
        let parts =
            list.names.map(\.description) + (list.hasFeed ? ["feed"] : []) + (list.isNotified ? ["notifications"] : [])
        try require(!parts.isEmpty && list.names.count <= StreamChannels.most, "\(parts.count) channels")
        try require(
            parts.sorted() == text.split(separator: ",").map(String.init).sorted(), "other names than it has: \(text)")
        return true
    }
}
