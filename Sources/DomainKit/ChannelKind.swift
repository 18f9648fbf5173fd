public import Core
import Live

/// A kind of channels that clients may subscribe to, as its domain declares it.
public struct ChannelKind: Sendable {
    /// 1 to 32 of `a-z`: what comes before the colon.
    public let name: String
    public let contents: ChannelContents
    private let path: String
    private let find: @Sendable (_ key: String) -> (Channel.Permission, Channel.Supply, Channel.Renewal?)?

    /// - Parameters:
    ///   - path: where the API has what the channel is about, with `{key}` in it.
    ///   - key: reads what comes behind the colon. `nil` where it is none: then there is no such channel. A key has one
    ///     spelling.
    ///   - permission: may the user subscribe? Asked at the start, and again whenever who sees whom may have changed.
    ///   - state: of a kind with states, what the database has: the first subscriber is told it. `nil` where there is none.
    ///   - renewal: of a kind whose events are told anew to who comes back: what they are now (`Channel.renewed`); also asked where
    ///     nothing was missed.
    public init<Key: Sendable>(
        _ name: String, _ contents: ChannelContents, at path: String, key: @escaping @Sendable (String) -> Key?,
        permission: @escaping @Sendable (_ key: Key, _ user: ID) async throws -> Bool,
        state: @escaping @Sendable (_ key: Key) async throws -> Channel.State? = { _ in nil },
        renewal: (@Sendable (_ key: Key, _ missed: [Envelope]) async throws -> RenewedEvents)? = nil
    ) {
        precondition(path.hasPrefix("/"), "'\(path)' is no path")
        precondition(ChannelName("\(name):0")?.kind == name, "'\(name)' is no name of a kind of channels")
        self.name = name
        self.contents = contents
        self.path = path
        find = { text in
            guard let key = key(text) else { return nil }
            var renewed: Channel.Renewal?
            if let renewal { renewed = { missed in try await renewal(key, missed) } }
            return ({ user in try await permission(key, user) }, { try await state(key) }, renewed)
        }
    }

    /// One whose keys are ids.
    public init(
        _ name: String, _ contents: ChannelContents, at path: String,
        permission: @escaping @Sendable (_ id: ID, _ user: ID) async throws -> Bool,
        state: @escaping @Sendable (_ id: ID) async throws -> Channel.State? = { _ in nil },
        renewal: (@Sendable (_ id: ID, _ missed: [Envelope]) async throws -> RenewedEvents)? = nil
    ) {
        self.init(name, contents, at: path, key: { ID($0) }, permission: permission, state: state, renewal: renewal)
    }

    /// `nil`: it is of another kind, or has no such key.
    func channel(_ name: ChannelName) -> Channel? {
        guard name.kind == self.name, let (permission, supply, renewal) = find(name.key) else { return nil }
        return Channel(
            name: name, contents: contents, path: path.replacing("{key}", with: name.key.percentEscaped),
            permission: permission, supply: supply, renewal: renewal)
    }
}
