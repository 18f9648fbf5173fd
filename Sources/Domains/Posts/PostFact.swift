public import Core
public import Store

/// What a domain above says of a post: a key of its JSON, and how it is read together with the post.
public struct PostFact: Sendable {
    /// An expression of SQL; NULL: it has nothing to say.
    public typealias Column = @Sendable (_ post: SQL, _ reader: SQL) -> SQL

    let name: String
    /// The same, as SQL has it.
    let columnName: SQL
    let column: Column
    let append: @Sendable (_ text: String, inout ByteWriter) throws(PgError) -> Void
    /// As it is said to its author of a post that was just made.
    let ofNew: StaticString?

    /// - Parameters:
    ///   - name: the column's and the key's.
    ///   - column: of a row of `posts` and the reader's id, NULL where he is not signed in and for what all are told alike. Its
    ///     value is text.
    ///   - append: writes `,"key":value`.
    public init(
        _ name: StaticString, column: @escaping Column,
        append: @escaping @Sendable (_ text: String, inout ByteWriter) throws(PgError) -> Void
    ) {
        (self.name, columnName, self.column, self.append) = (name.description, SQL(name), column, append)
        ofNew = nil
    }

    private init(flag name: StaticString, column: @escaping Column, ofNew: StaticString) {
        (self.name, columnName, self.column, self.ofNew) = (name.description, SQL(name), column, ofNew)
        append = { (text, writer) throws(PgError) in
            writer.append(ascii: ",\"")
            writer.append(ascii: name)
            writer.append(text == "true" ? "\":true" : "\":false")
        }
    }

    /// Something that is so or not for a reader who is signed in.
    /// - Parameter isSo: a condition of SQL.
    public static func flag(_ name: StaticString, isSo: @escaping Column) -> PostFact {
        PostFact(
            flag: name,
            column: { post, reader in
                "CASE WHEN \(reader)::bigint IS NOT NULL THEN (\(isSo(post, reader)))::text END"
            }, ofNew: "false")
    }
}
