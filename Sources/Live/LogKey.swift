public import Core

/// What connections are told of: each is one log with its positions.
public enum LogKey: Sendable {
    case feed(of: ID)
    // Behind a pointer: nearly all keys are those of feeds, and a node has tables of them.
    indirect case channel(ChannelName)

    /// Of a user's own, whom its events are for.
    public var isPersonal: Bool {
        switch self {
        case .feed: true
        case .channel(let name): name.owner != nil
        }
    }
}

extension LogKey: Hashable {
    public static func == (a: LogKey, b: LogKey) -> Bool {
        switch (a, b) {
        case (.feed(let a), .feed(let b)): a == b
        case (.channel(let a), .channel(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .feed(let user): hasher.combine(user)
        case .channel(let name): hasher.combine(name)
        }
    }
}

extension LogKey: CustomStringConvertible {
    /// As clients name it.
    public var description: String {
        switch self {
        case .feed(let user): "feed:\(user)"
        case .channel(let name): name.description
        }
    }
}

extension [LogKey] {
    public var users: [ID] { compactMap { if case .feed(let user) = $0 { user } else { nil } } }
    public var channels: [ChannelName] { compactMap { if case .channel(let name) = $0 { name } else { nil } } }
}
