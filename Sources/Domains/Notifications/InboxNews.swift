import Core
import DomainKit
import Feed
import Store

/// Makes the events that clients are told of an inbox, as it is when they are made: what the user may not see then is not in them.
struct InboxNews: Sendable {
    /// Something to be told.
    struct Item: Sendable {
        enum What: Sendable, Equatable {
            case group(key: String, isNew: Bool)
            case read(upTo: ID)
        }

        let what: What
        let eventID: String
        let context: TraceContext
    }

    let database: Database
    let reader: InboxReader

    /// In their order: of each notification once, at its last place, and of what was read the last.
    func events(_ items: [Item], for user: ID) async throws -> RenewedEvents {
        guard !items.isEmpty else { return RenewedEvents([], version: try await reader.version(database, of: user)) }
        let items = Self.last(of: items)
        let keys = items.compactMap { if case .group(let key, _) = $0.what { key } else { nil } }
        let page = try await reader.page(database, of: user, among: keys)
        let groups = Dictionary(page.groups.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let events = items.map { item in
            let event: InboxEvent =
                switch item.what {
                case .read(let upTo): .read(upTo: upTo)
                case .group(let key, let isNew):
                    groups[key].map { isNew ? .created($0) : .updated($0) } ?? .removed(key: key)
                }
            var json = ByteWriter(capacity: 512)
            event.append(unread: page.unread, version: page.version, to: &json)
            var envelope = Envelope(event.kind.kind, eventID: item.eventID, item.context, payload: json.bytes)
            switch item.what {
            case .group(let key, _): envelope[.key] = key
            case .read(let upTo): envelope[.upTo] = upTo
            }
            envelope[.version] = page.version
            return envelope
        }
        return RenewedEvents(events, version: page.version)
    }

    /// The same of events that were told before.
    func renewed(_ events: [Envelope], for user: ID) async throws -> RenewedEvents {
        try await self.events(events.compactMap(Item.init), for: user)
    }

    static func last(of items: [Item]) -> [Item] {
        var new: Set<String> = []
        for case .group(let key, isNew: true) in items.map(\.what) { new.insert(key) }
        var seen: Set<String> = []
        var last: [Item] = []
        for item in items.reversed() {
            switch item.what {
            case .read: if seen.insert("").inserted { last.append(item) }
            case .group(let key, _):
                guard seen.insert(key).inserted else { continue }
                last.append(Item(key, isNew: new.contains(key), item.eventID, item.context))
            }
        }
        return last.reversed()
    }
}

extension InboxNews.Item {
    init(_ key: String, isNew: Bool, _ eventID: String, _ context: TraceContext) {
        self.init(what: .group(key: key, isNew: isNew), eventID: eventID, context: context)
    }

    /// `nil` where it is none of these.
    fileprivate init?(_ event: Envelope) {
        let context = TraceContext(requestID: event.requestID, traceparent: event.traceparent)
        if let key = event[.key] {
            self.init(key, isNew: event.kind == InboxEvent.Kind.created.kind, event.eventID, context)
        } else if let upTo = event[.upTo] {
            self.init(what: .read(upTo: upTo), eventID: event.eventID, context: context)
        } else {
            return nil
        }
    }
}

extension EventField<String> {
    fileprivate static let key = EventField("key", read: { $0.isEmpty ? nil : $0 }, write: { $0 })
}

extension Envelope {
    /// What it is about, without what it tells of that: others' names need not be in Redis.
    var withoutContent: Envelope {
        var envelope = Envelope(
            kind, eventID: eventID, TraceContext(requestID: requestID, traceparent: traceparent),
            payload: Array("{}".utf8))
        (envelope[.key], envelope[.upTo]) = (self[.key], self[.upTo])
        return envelope
    }
}
