import Core
import DomainKit
import Feed
import Live
import Posts

/// Reads what was missed of a log, for who may see it.
struct LogReader: Sendable {
    let feeds: FeedReader
    let kinds: ChannelKinds
    /// What clients are told of; other events are passed over.
    let known: KnownKinds
    /// Bytes of events; more are a reset.
    let most: Int
    /// By kind: those of some events that may be told now.
    private let selections: [EventKind: @Sendable ([Envelope]) async throws -> [Envelope]]

    init(feeds: FeedReader, kinds: ChannelKinds, effects: [ChannelEffect] = [], known: KnownKinds, most: Int) {
        let selections = effects.compactMap { effect in
            if case .event(let select) = effect.means { (effect.kind, select) } else { nil }
        }
        self.selections = Dictionary(selections, uniquingKeysWith: { first, _ in first })
        self.feeds = feeds
        self.kinds = kinds
        self.known = known
        self.most = most
    }

    init(feeds: FeedReader, _ options: GatewayOptions) {
        self.init(
            feeds: feeds, kinds: options.channels, effects: options.effects, known: options.liveKinds,
            most: options.maxResumed)
    }

    private var channels: Channels { Channels(feeds.timelines) }

    /// Seconds after which a registration has to have been said again.
    var channelLife: Int { channels.options.life }

    /// Bytes that a read may bring.
    func most(of key: LogKey) -> Int {
        switch key {
        case .feed: most
        case .channel: channels.options.bytes
        }
    }

    /// May the user subscribe, as things are now?
    /// - Returns: false also where there is no such channel.
    func isOpen(_ name: ChannelName, to user: ID) async throws -> Bool {
        try await kinds.channel(name)?.isOpen(to: user) ?? false
    }

    /// What has come after the position; `nil`: what is the position now? Whether the user may see it is asked behind the
    /// registration: what changes later is heard.
    /// - Returns: `nil` when the user may not see it.
    func read(
        _ key: LogKey, for user: ID, from held: LiveCursor?
    ) async -> Result<JoinOutcome?, any Error> {
        switch key {
        case .feed: await JoinOutcome.read(feeds, user, held, most: most).map { $0 }
        case .channel(let name): await Result.of { try await read(name, user, held) }
        }
    }

    private func read(_ name: ChannelName, _ user: ID, _ held: LiveCursor?) async throws -> JoinOutcome? {
        guard let channel = kinds.channel(name), try await channel.isOpen(to: user) else { return nil }
        let found = try await channels.recover(name, from: held)
        let (missed, renewed) = try await missed(found, channel, held, user)
        let told = missed.map { JoinOutcome.Verdict.resumed($0.map(\.publication)) }
        var outcome = JoinOutcome(verdict: held == nil ? .live : told ?? .reset, cursor: found.cursor)
        outcome.version = renewed?.version ?? -1
        outcome.isContinuous = held != nil && found.missed != nil
        if channel.contents.contains(.authors) { outcome.hidden = try await feeds.hiddenAuthors(from: user) }
        guard channel.contents.contains(.state) else { return outcome }
        outcome.state = found.state
        if outcome.state == nil, let state = try await channel.state() {
            outcome.state = ChannelState(version: state.version, position: 0, state.envelope)
        }
        return outcome
    }

    /// - Returns: `missed`: `nil` where it can't be told any more, or nobody asks.
    private func missed(
        _ found: ChannelRecovery, _ channel: Channel, _ held: LiveCursor?, _ user: ID
    ) async throws -> (missed: [ChannelEvent]?, RenewedEvents?) {
        let contents = channel.contents
        // Who has the newest state has missed nothing.
        guard held != nil, contents.contains(.log), let missed = found.missed else {
            return (held == nil || contents.contains(.log) ? nil : [], try await channel.renewed([]))
        }
        var told = try await visible(missed.filter { known.contains($0.envelope.kind) }, to: user)
        if contents.contains(.authors) { told = try await listed(told, to: user) }
        told = try await current(told)
        guard let renewed = try await channel.renewed(told.map(\.envelope)) else { return (told, nil) }
        return (Self.renewed(told, renewed.events), renewed)
    }

    /// Those of the events that have become something, at their positions.
    private static func renewed(_ events: [ChannelEvent], _ envelopes: [Envelope]) -> [ChannelEvent] {
        let byID = Dictionary(envelopes.map { ($0.eventID, $0) }, uniquingKeysWith: { first, _ in first })
        return events.compactMap { event in
            byID[event.envelope.eventID].map { ChannelEvent(position: event.position, $0) }
        }
    }

    /// The log has events as they were: what has become of what they are about is asked now.
    private func current(_ events: [ChannelEvent]) async throws -> [ChannelEvent] {
        var stale: Set<String> = []
        for (kind, some) in Dictionary(grouping: events.map(\.envelope), by: \.kind) {
            guard let select = selections[kind] else { continue }
            stale.formUnion(some.map(\.eventID))
            stale.subtract(try await select(some).map(\.eventID))
        }
        return events.filter { !stale.contains($0.envelope.eventID) }
    }

    /// Without those of authors whom the user must not see.
    private func listed(_ events: [ChannelEvent], to user: ID) async throws -> [ChannelEvent] {
        let authors = Set(events.compactMap { $0.envelope[.author] })
        guard !authors.isEmpty else { return events }
        let listed = try await feeds.listed(authors, for: user)
        return events.filter { event in event.envelope[.author].map(listed.contains) ?? true }
    }

    /// The log has posts as they were: what has become of one, or between its author and the user, is asked now. The end of
    /// one is told to all.
    private func visible(_ events: [ChannelEvent], to user: ID) async throws -> [ChannelEvent] {
        let posts = Set(events.filter { $0.envelope.kind != PostEvent.deleted.kind }.compactMap { $0.envelope[.post] })
        guard !posts.isEmpty else { return events }
        let visible = try await feeds.visible(posts, to: user)
        return events.filter { event in
            guard event.envelope.kind != PostEvent.deleted.kind, let post = event.envelope[.post] else { return true }
            return visible.contains(post)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate static func of(_ body: () async throws -> Success) async -> Result {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
