import Store

/// For whom a post is.
public enum Visibility: String, Sendable, CaseIterable {
    /// Everybody, for as long as the author's account is not private.
    case `public`
    /// The author's followers.
    case followers
    /// Those whom its text mentions when it is written, of a private account's those who follow it.
    case mentioned

    /// Of a row of `posts`. A version to come may know others: what this one does not know is for the fewest.
    init(_ row: PgRow) throws(PgError) {
        self = Visibility(rawValue: try row.text("visibility")) ?? .mentioned
    }
}
