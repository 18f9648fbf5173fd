public import Core
public import HTTPService
public import Store

/// What a post may have beside its text, as the domain above declares it that keeps it: a field of a new post's body, statements
/// of its transaction, a key of its JSON (which is read by a `PostFact`).
public struct PostAttachment: Sendable {
    /// What one post has.
    public struct Part: Sendable {
        /// They store it, behind the post's own.
        let statements: [SQL]
        /// `,"key":value`, as the author is shown it.
        let own: [UInt8]
        /// The same as all are told.
        let told: [UInt8]

        public init(
            _ key: StaticString, _ statements: [SQL], own: (inout ByteWriter) -> Void,
            told: (inout ByteWriter) -> Void
        ) {
            self.statements = statements
            (self.own, self.told) = (Self.member(key, own), Self.member(key, told))
        }

        private static func member(_ key: StaticString, _ value: (inout ByteWriter) -> Void) -> [UInt8] {
            var writer = ByteWriter(capacity: 512)
            writer.append(ascii: ",\"")
            writer.append(ascii: key)
            writer.append(ascii: "\":")
            value(&writer)
            return writer.bytes
        }
    }

    typealias Making = @Sendable (_ post: ID, _ author: ID) throws -> Part

    let declaration: Declaration
    /// What the request has of it; `nil`: nothing.
    let read: @Sendable (RequestContext) -> Making?
    let checkEdit: @Sendable (Transaction, _ post: ID) async throws -> Void
    let editProblems: [ErrorCode]

    /// - Parameters:
    ///   - editProblems: those that `checkEdit` throws.
    ///   - make: called anew where the post has to be made anew.
    ///   - checkEdit: throws `Problem` where the post's text must stay as it is. The post is locked, and its text stays until the
    ///     transaction's end.
    public init<Value: Sendable>(
        _ field: Field<Value?>, editProblems: [ErrorCode],
        make: @escaping @Sendable (Value, _ post: ID, _ author: ID) throws -> Part,
        checkEdit: @escaping @Sendable (Transaction, _ post: ID) async throws -> Void
    ) {
        declaration = field.declaration
        read = { request in
            guard let value = request[field] else { return nil }
            return { post, author in try make(value, post, author) }
        }
        (self.checkEdit, self.editProblems) = (checkEdit, editProblems)
    }
}
