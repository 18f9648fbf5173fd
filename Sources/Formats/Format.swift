/// A form in which something is written that processes of versions before do not read: a record of the log, a message to a
/// node, an entry of a timeline, or what a script in Redis makes. Whoever knows a format reads it always, and writes it
/// once it is enabled (`martlet format enable`), which can't be taken back.
public struct Format: Sendable, Hashable {
    /// As in the database: 1 to 64 of `a-z`, `0-9` and `-`.
    public let name: String
    /// What is written in it, for `martlet format`.
    public let summary: String

    public init(_ name: String, _ summary: String) {
        self.name = name
        self.summary = summary
    }
}
