public import Core
public import HTTPService

/// What a viewer has to do with a user.
public struct UserRelation: Sendable, Equatable {
    /// The viewer follows the user,
    public let followed: Bool
    /// or has asked to.
    public let requested: Bool
    /// The user follows the viewer.
    public let followsYou: Bool
    /// The viewer has blocked the user.
    public let blocked: Bool
    /// The viewer has muted the user.
    public let muted: Bool
    /// The viewer is notified of each post of the user.
    public let bell: Bool

    public init(
        followed: Bool, requested: Bool, followsYou: Bool, blocked: Bool, muted: Bool, bell: Bool = false
    ) {
        self.followed = followed
        self.requested = requested
        self.followsYou = followsYou
        self.blocked = blocked
        self.muted = muted
        self.bell = bell
    }

    public var isMutual: Bool { followed && followsYou }

    /// Among the keys of a user: all but the first only where it is so.
    func appendKeys(to writer: inout ByteWriter) {
        writer.append(followed ? ",\"followed\":true" : ",\"followed\":false")
        if requested { writer.append(ascii: ",\"requested\":true") }
        if followsYou { writer.append(ascii: ",\"follows_you\":true") }
        if blocked { writer.append(ascii: ",\"blocked\":true") }
        if muted { writer.append(ascii: ",\"muted\":true") }
        if bell { writer.append(ascii: ",\"bell\":true") }
    }

    static let keys: [Schema.Property] = [
        .sometimes("followed", .boolean, "Does the caller follow this user? Only when signed in."),
        .sometimes("requested", .boolean, "The caller has asked to follow; only where it is so, as what follows."),
        .sometimes("follows_you", .boolean, "The user follows the caller."),
        .sometimes("blocked", .boolean, "The caller has blocked the user."),
        .sometimes("muted", .boolean, "The caller has muted the user."),
        .sometimes("bell", .boolean, "The caller is notified of each post of the user."),
    ]
}

// MARK: By itself

extension UserRelation {
    /// All of it: `{"followed","requested","follows_you","blocked","muted","mutual","bell"}`
    public func append(to writer: inout ByteWriter) {
        let all = [
            ("followed", followed), ("requested", requested), ("follows_you", followsYou), ("blocked", blocked),
            ("muted", muted), ("mutual", isMutual), ("bell", bell),
        ]
        for (index, (name, isSo)) in all.enumerated() {
            writer.append(ascii: index == 0 ? "{" : ",")
            writer.append(jsonString: name)
            writer.append(isSo ? ":true" : ":false")
        }
        writer.append(ascii: "}")
    }

    public static let component = Component(
        "Relation",
        .object([
            .always("followed", .boolean, "The caller follows the user."),
            .always("requested", .boolean, "The caller has asked to."),
            .always("follows_you", .boolean, "The user follows the caller."),
            .always("blocked", .boolean, "The caller has blocked the user."),
            .always("muted", .boolean, "The caller has muted the user."),
            .always("mutual", .boolean, "Each follows the other."),
            .always("bell", .boolean, "The caller is notified of each post of the user."),
        ]), writing: example.append)

    static let example = UserRelation(followed: true, requested: false, followsYou: true, blocked: false, muted: false)
}
