/// A body that is too large to be held: it is sent piece by piece, and each is made when the client has taken the one before.
/// The connection ends with it.
public struct BodyPieces: Sendable {
    /// Bytes of all pieces.
    public let length: Int
    /// Bytes of one at most, for which room is taken before it is made.
    public let largest: Int
    /// Makes the piece that begins at an offset below `length`; at least a byte. What it throws ends the connection, so the
    /// client sees that the body is not whole.
    public let next: @Sendable (_ offset: Int) async throws -> [UInt8]

    public init(length: Int, largest: Int, next: @escaping @Sendable (_ offset: Int) async throws -> [UInt8]) {
        (self.length, self.largest, self.next) = (length, largest, next)
    }
}
