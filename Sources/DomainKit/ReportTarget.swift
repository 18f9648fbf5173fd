public import Store

/// A kind of things that users report to the moderators, as the domain declares it that has them.
public struct ReportTarget: Sendable {
    /// As clients name it: 1 to 16 of `a-z`; no other kind has it.
    public let type: String
    /// Selects one row where there is such a thing, whoever may see it: `author`, whose it is, and `copy`, what it says, as a
    /// text for moderators.
    public let find: @Sendable (_ id: SQL) -> SQL

    public init(_ type: String, find: @escaping @Sendable (_ id: SQL) -> SQL) {
        precondition(
            1...16 ~= type.utf8.count && type.utf8.allSatisfy { 97...122 ~= $0 }, "'\(type)' is no type of a thing")
        (self.type, self.find) = (type, find)
    }
}
