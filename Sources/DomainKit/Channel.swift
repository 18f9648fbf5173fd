public import Core
public import Live

/// A channel that there is, as far as its name says.
public struct Channel: Sendable {
    /// The whole value of a channel that has one.
    public struct State: Sendable {
        /// The larger one is the newer one; not negative.
        public let version: Int64
        public let envelope: Envelope

        public init(version: Int64, _ envelope: Envelope) {
            self.version = version
            self.envelope = envelope
        }
    }

    typealias Permission = @Sendable (_ user: ID) async throws -> Bool
    typealias Supply = @Sendable () async throws -> State?
    typealias Renewal = @Sendable (_ missed: [Envelope]) async throws -> RenewedEvents

    public let name: ChannelName
    public let contents: ChannelContents
    /// The path at which the API has what the channel is about: who can't be told what he missed reads it.
    public let path: String
    private let permission: Permission
    private let supply: Supply
    private let renewal: Renewal?

    init(
        name: ChannelName, contents: ChannelContents, path: String, permission: @escaping Permission,
        supply: @escaping Supply, renewal: Renewal?
    ) {
        self.name = name
        self.contents = contents
        self.path = path
        self.permission = permission
        self.supply = supply
        self.renewal = renewal
    }

    /// May the user subscribe, as things are now?
    public func isOpen(to user: ID) async throws -> Bool { try await permission(user) }

    /// The state as it is in the database, for where Redis has none.
    public func state() async throws -> State? { try await supply() }

    /// What is told, as things are now, for events that its log has. `nil`: they are told as they were.
    public func renewed(_ missed: [Envelope]) async throws -> RenewedEvents? {
        guard let renewal else { return nil }
        return try await renewal(missed)
    }
}
