public import Core

/// Where a page of a list goes on: below this id, or above it where the list begins with the smallest.
public struct PageCursor: Sendable, Equatable {
    /// Which list. A domain names its own: a number that no other list has, and whose list it is.
    public struct List: Sendable, Equatable {
        let tag: UInt8
        let subject: ID

        public init(tag: UInt8, subject: ID = .zero) {
            self.tag = tag
            self.subject = subject
        }

        /// What a cursor of the list is bound to.
        public func context(for viewer: ID) -> [UInt8] {
            var writer = ByteWriter(capacity: 17)
            writer.append(tag)
            writer.append(bigEndian: UInt64(subject.raw), width: 8)
            writer.append(bigEndian: UInt64(viewer.raw), width: 8)
            return writer.bytes
        }
    }

    private static let version: UInt8 = 1
    public let below: ID

    public init(below: ID) {
        self.below = below
    }

    /// - Parameter viewer: the caller; `ID.zero` for one who is not signed in.
    public func encode(_ list: List, viewer: ID, _ signer: CursorSigner) -> String {
        var writer = ByteWriter(capacity: 16)
        writer.append(Self.version)
        writer.append(bigEndian: UInt64(below.raw), width: 7)
        return Base64URL.encode(signer.seal(writer.bytes, context: list.context(for: viewer)))
    }

    public init?(_ text: String, _ list: List, viewer: ID, _ signer: CursorSigner) {
        guard let visible = signer.open(text, length: 8, context: list.context(for: viewer)),
            visible[0] == Self.version
        else { return nil }
        below = ID(raw: visible.dropFirst().reduce(0) { $0 << 8 | Int64($1) })
    }
}
