public import Core
public import Live

/// A channel that there is, as far as its name says.
public struct Channel: Sendable {
    public typealias Permission = @Sendable (_ user: ID) async throws -> Bool

    public let name: ChannelName
    public let contents: ChannelContents
    private let permission: Permission

    init(name: ChannelName, contents: ChannelContents, permission: @escaping Permission) {
        self.name = name
        self.contents = contents
        self.permission = permission
    }

    /// May the user subscribe, as things are now?
    public func isOpen(to user: ID) async throws -> Bool { try await permission(user) }
}
