public import Core
public import HTTPService

/// A user as the API shows it: `{"id","handle","display_name","created_at","followers","following","posts","private",
/// "anonymous"?,"role"?,"status_message"?,"bio"?}`, for a caller who is signed in what he has to do with the user (`UserRelation`), and of the
/// caller's own account `UserSettings`.
public struct UserView: Sendable, Equatable {
    public let id: ID
    public let handle: String
    public let displayName: String
    public let followers: Int64
    public let following: Int64
    public let posts: Int64
    public let isPrivate: Bool
    /// Nobody has chosen its handle.
    public let isAnonymous: Bool
    public let role: UserRole
    public let statusMessage: String?
    public let bio: String?
    /// `nil`: the caller is not signed in.
    public let relation: UserRelation?
    /// `nil`: the caller is somebody else.
    public let settings: UserSettings?

    public init(
        id: ID, handle: String, displayName: String, followers: Int64, following: Int64, posts: Int64,
        isPrivate: Bool = false, isAnonymous: Bool = false, role: UserRole = .user,
        statusMessage: String? = nil, bio: String? = nil, relation: UserRelation? = nil, settings: UserSettings? = nil
    ) {
        self.id = id
        self.handle = handle
        self.displayName = displayName
        self.followers = followers
        self.following = following
        self.posts = posts
        self.isPrivate = isPrivate
        self.isAnonymous = isAnonymous
        self.role = role
        self.statusMessage = statusMessage
        self.bio = bio
        self.relation = relation
        self.settings = settings
    }

    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{")
        writer.appendIdentity(id: id, handle: handle, displayName: displayName)
        writer.append(ascii: ",\"created_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\",\"followers\":")
        writer.append(decimal: followers)
        writer.append(ascii: ",\"following\":")
        writer.append(decimal: following)
        writer.append(ascii: ",\"posts\":")
        writer.append(decimal: posts)
        writer.append(isPrivate ? ",\"private\":true" : ",\"private\":false")
        if isAnonymous { writer.append(ascii: ",\"anonymous\":true") }
        if role > .user { writer.append(key: "role", of: role.rawValue) }
        writer.append(key: "status_message", of: statusMessage)
        writer.append(key: "bio", of: bio)
        relation?.appendKeys(to: &writer)
        settings?.appendKeys(to: &writer)
        writer.append(ascii: "}")
    }
}

extension UserView {
    public static let component = Component(
        "User",
        .object(
            identity + [
                .always("created_at", Component.time.reference), .always("followers", .integer(from: 0)),
                .always("following", .integer(from: 0)), .always("posts", .integer(from: 0)),
                .always("private", .boolean, "Posts, followers and followees are shown to followers only."),
                .sometimes("anonymous", .boolean, "The account has no name: its handle was made, not chosen."),
                .sometimes("role", .word(of: ["moderator", "admin"])),
                .sometimes("status_message", .string(length: 1...100)), .sometimes("bio", .string(length: 1...500)),
            ] + UserRelation.keys + UserSettings.keys), writing: example.append)

    public static let list = Component(
        "UserList", .list(of: component), example: ["items": [component.example], "next": Component.cursor.example])

    /// The keys by which a user is named wherever one appears.
    public static let identity: [Schema.Property] = [
        .always("id", Component.id.reference), .always("handle", .string(pattern: "^[a-z0-9_]{3,30}$")),
        .always("display_name", .string(length: 1...60)),
    ]

    public static let example = UserView(
        id: ID(Component.id.example.string!)!, handle: "ada_l", displayName: "Ada Lovelace", followers: 2, following: 3,
        posts: 5, statusMessage: "Counting", relation: .example)
}

extension ByteWriter {
    /// The keys by which a user is named wherever one appears.
    public mutating func appendIdentity(id: ID, handle: String, displayName: String) {
        append(ascii: "\"id\":\"")
        append(decimal: id.raw)
        append(ascii: "\",\"handle\":")
        append(jsonString: handle)
        append(ascii: ",\"display_name\":")
        append(jsonString: displayName)
    }
}
