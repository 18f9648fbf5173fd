public import Live

/// All kinds of channels of a process, by name.
public struct ChannelKinds: Sendable {
    private let kinds: [String: ChannelKind]

    public init(_ kinds: [ChannelKind] = []) {
        self.kinds = Dictionary(
            kinds.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in preconditionFailure("two kinds of channels are called '\(first.name)'") })
    }

    public var names: [String] { kinds.keys.sorted() }

    /// `nil`: there is no such channel.
    public func channel(_ name: ChannelName) -> Channel? { kinds[name.kind]?.channel(name) }

    /// The same by a text from outside.
    public func channel(_ text: String) -> Channel? { ChannelName(text).flatMap { channel($0) } }
}
