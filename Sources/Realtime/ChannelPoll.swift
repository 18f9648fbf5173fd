import Core
import DomainKit
import Feed
import HTTPService
import Live

/// What a long poll of several logs has come to: where it is in each, and what it tells. Each look reads the logs that have
/// changed.
struct ChannelPoll {
    private struct Log {
        let key: LogKey
        /// As the client calls it.
        let name: String
        /// Where the API has what it is about.
        let path: String
        /// What the client holds, or nothing came up to; `nil`: none.
        var cursor: LiveCursor?
        /// To be read.
        var isDue = true
    }

    private let user: ID
    private var logs: [Log]
    private var items = ByteWriter()
    private(set) var isReset = false
    /// What each log has cost.
    private(set) var told: [[Publication]?] = []

    /// - Parameter channels: without the feed.
    init(of user: ID, hasFeed: Bool, _ channels: [Channel], since held: StreamCursor) {
        self.user = user
        let feed = LogKey.feed(of: user)
        let all =
            (hasFeed ? [(feed, StreamChannels.feed, "/v1/feed")] : [])
            + channels.map { (.channel($0.name), $0.name.nameToOwner, $0.path) }
        logs = all.map { Log(key: $0, name: $1, path: $2, cursor: held[$0]) }
    }

    var isEmpty: Bool { items.count == 0 }

    /// Where the poll is in all of its logs.
    var position: StreamCursor {
        logs.reduce(into: StreamCursor()) { $0[$1.key] = $1.cursor }
    }

    mutating func note(_ changed: Set<LogKey>) {
        for index in logs.indices where changed.contains(logs[index].key) { logs[index].isDue = true }
    }

    // MARK: Reading

    /// What there is no room for is told by the next poll.
    mutating func look(_ reader: LogReader) async throws {
        for index in logs.indices where logs[index].isDue && items.count < Lists.mostBytes {
            logs[index].isDue = false
            switch logs[index].key {
            case .feed: try await lookAtFeed(index, reader.feeds)
            case .channel: try await lookAtChannel(index, reader)
            }
        }
    }

    private mutating func lookAtFeed(_ index: Int, _ feeds: FeedReader) async throws {
        guard let held = logs[index].cursor else {
            return began(index, at: try await feeds.currentPosition(of: user))
        }
        switch try await feeds.missed(by: user, since: held, atMost: max(1, Lists.mostBytes - items.count)) {
        case .events(let events, let end), .part(let events, let end, _): tell(events, of: index, upTo: end)
        case .reset(let end): reset(index, at: end)
        }
    }

    private mutating func lookAtChannel(_ index: Int, _ reader: LogReader) async throws {
        let held = logs[index].cursor
        guard let outcome = try await reader.read(logs[index].key, for: user, from: held).get() else {
            return end(index)
        }
        var state = outcome.isStateKnown(to: held) ? nil : outcome.state
        // Redis would have one that came since.
        if state?.position == 0, outcome.isContinuous { state = nil }
        switch outcome.verdict {
        case .live: began(index, at: outcome.cursor)
        case .reset: reset(index, at: outcome.cursor)
        case .resumed: break
        }
        if let state { append(state.envelope.payload, index) }
        if let missed = outcome.missed { tell(missed, of: index, upTo: outcome.cursor) }
    }

    // MARK: Items

    private mutating func began(_ index: Int, at cursor: LiveCursor) {
        logs[index].cursor = cursor
        append(.live, index)
    }

    private mutating func reset(_ index: Int, at cursor: LiveCursor) {
        logs[index].cursor = cursor
        isReset = true
        told.append(nil)
        append(.reset(read: logs[index].path), index)
    }

    /// The user may see it no more.
    private mutating func end(_ index: Int) {
        logs[index].cursor = nil
        append(.unsubscribed(.refused), index)
    }

    private mutating func append(_ verdict: PollVerdict, _ index: Int) {
        if !isEmpty { items.append(ascii: ",") }
        verdict.append(of: logs[index].name, to: &items)
    }

    /// What there is room for, and at least one event of a response.
    private mutating func tell(_ events: [Publication], of index: Int, upTo end: LiveCursor) {
        var count = 0
        for event in events {
            guard isEmpty || items.count + event.event.count + logs[index].name.utf8.count + 16 <= Lists.mostBytes
            else {
                break
            }
            append(event.event, index)
            count += 1
        }
        let shown = Array(events.prefix(count))
        if count == events.count {
            logs[index].cursor = end
        } else if let last = shown.last {
            logs[index].cursor = LiveCursor(epoch: end.epoch, position: last.position)
        }
        told.append(shown)
    }

    /// An event with the name of its channel.
    private mutating func append(_ event: [UInt8], _ index: Int) {
        if !isEmpty { items.append(ascii: ",") }
        items.append(ascii: "{\"channel\":")
        items.append(jsonString: logs[index].name)
        items.append(ascii: ",")
        // An event is an object that has members.
        items.append(event[((event.firstIndex(of: UInt8(ascii: "{")) ?? -1) + 1)...])
    }

    /// - Parameter live: `position` as text.
    func response(live: String) -> Response {
        .json { writer in
            writer.append(ascii: "{\"items\":[")
            writer.append(items.bytes)
            writer.append(ascii: "],\"live\":")
            writer.append(jsonString: live)
            writer.append(isReset ? ",\"reset\":true}" : ",\"reset\":false}")
        }
    }
}
