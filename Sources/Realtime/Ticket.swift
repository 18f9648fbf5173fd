package import Core
import Crypto
import HTTPService
import Live

/// What a browser's EventSource shows in place of a header that it cannot set. It opens one stream within 30 seconds;
/// afterwards it serves only reconnects of that stream, which prove themselves by an id that the stream was given. So
/// an address that leaks through a log opens nothing.
package struct Ticket: Equatable {
    static let seconds: Int64 = 30
    private static let version: UInt8 = 1
    private static let length = 29
    private static let codeLength = 16

    let user: ID
    let session: ID
    /// Names the ticket and its stream.
    let nonce: UInt64
    /// Milliseconds since 1970.
    let expiresAt: Int64

    static func make(user: ID, session: ID, now: Int64) -> Ticket {
        Ticket(
            user: user, session: session, nonce: Crypto.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) },
            expiresAt: now + seconds * 1000)
    }

    package func encode(key: [UInt8]) -> String {
        var writer = ByteWriter(capacity: Self.length)
        writer.append(Self.version)
        writer.append(bigEndian: UInt64(user.raw), width: 7)
        writer.append(bigEndian: UInt64(session.raw), width: 7)
        writer.append(bigEndian: nonce, width: 8)
        writer.append(bigEndian: UInt64(expiresAt), width: 6)
        return Base64URL.encode(writer.bytes + Self.code(key, "ticket", writer.bytes))
    }

    package init(user: ID, session: ID, nonce: UInt64, expiresAt: Int64) {
        self.user = user
        self.session = session
        self.nonce = nonce
        self.expiresAt = expiresAt
    }

    /// `nil` when it is not one that was made with this key.
    package init?(_ text: String, key: [UInt8]) {
        guard text.utf8.count < 100, let bytes = Base64URL.decode(text), bytes.count == Self.length + Self.codeLength,
            bytes[0] == Self.version
        else { return nil }
        let visible = Array(bytes.prefix(Self.length))
        guard Crypto.equal(Array(bytes.suffix(Self.codeLength)), Self.code(key, "ticket", visible)) else { return nil }
        var reader = ByteReader(Array(visible.dropFirst()))
        user = ID(raw: Int64(reader.unsigned(width: 7)!))
        session = ID(raw: Int64(reader.unsigned(width: 7)!))
        nonce = reader.unsigned(width: 8)!
        expiresAt = Int64(reader.unsigned(width: 6)!)
    }

    /// What follows the position in each id of the ticket's stream.
    package func idSuffix(key: [UInt8]) -> String {
        var writer = ByteWriter(capacity: 8)
        writer.append(bigEndian: nonce, width: 8)
        return "~" + Base64URL.encode(Self.code(key, "stream", writer.bytes))
    }

    /// Was this id given to the ticket's stream?
    package func proves(_ lastEventID: String, key: [UInt8]) -> Bool {
        Crypto.equal(Array(lastEventID.utf8.suffix(23)), Array(idSuffix(key: key).utf8))
    }

    private static func code(_ key: [UInt8], _ purpose: String, _ bytes: [UInt8]) -> [UInt8] {
        Array(Crypto.hmacSHA256(key: key, Array(purpose.utf8) + bytes).prefix(codeLength))
    }
}

extension Ticket {
    static let exampleText = "AQAFCRO0EAAABQkTtBAAAJ3SPb8ZsYJrAZvBDzZ8HzKjP0aU7Zsb2nO4c6Nf"

    static let component = Component(
        "Ticket",
        .object([
            .always("ticket", .string()),
            .always("expires_in", Schema(["type": "integer", "const": .integer(seconds)]), "Seconds."),
        ])
    ) { $0.append(json(exampleText)) }

    /// `{"ticket","expires_in"}`
    static func json(_ ticket: String) -> [UInt8] {
        Array("{\"ticket\":\"\(ticket)\",\"expires_in\":\(seconds)}".utf8)
    }
}

extension LiveCursor {
    /// The position of an id of a stream, with or without the stream's proof.
    static func bare(_ text: String) -> String {
        String(text.utf8.prefix { $0 != UInt8(ascii: "~") }) ?? ""
    }
}
