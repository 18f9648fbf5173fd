import Core

/// The client's half of RFC 6455, for a `TestClient`.
extension TestClient {
    struct Frame: Sendable, Equatable {
        var opcode: UInt8
        var isFinal = true
        var payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a Close frame.
        var code: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
        var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    static let handshake = [
        "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Sends the handshake, with the fields given in place of the usual ones, and what comes right behind it.
    func sendHandshake(_ target: String = "/ws", _ fields: [String] = handshake, early: [UInt8] = []) {
        let head = "GET \(target) HTTP/1.1\r\nHost: h\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        send(Array(head.utf8) + early)
    }

    func open(_ target: String = "/ws") throws {
        sendHandshake(target)
        let head = try takeHead()
        guard head.status == 101 else { throw NeverHappened(description: "101; got \(head.status)") }
    }

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(opcode | (isFinal ? 0x80 : 0))
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: writer.append(UInt8(payload.count) | mask)
        case ..<65_536:
            writer.append(126 | mask)
            writer.append(bigEndian: UInt64(payload.count), width: 2)
        default:
            writer.append(127 | mask)
            writer.append(bigEndian: UInt64(payload.count), width: 8)
        }
        guard isMasked else { return writer.bytes + payload }
        let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        writer.append(key)
        for (index, byte) in payload.enumerated() { writer.append(byte ^ key[index % 4]) }
        return writer.bytes
    }

    func sendText(_ text: String) { send(Self.frame(1, Array(text.utf8))) }

    func sendClose(_ code: Int) {
        send(Self.frame(8, [UInt8(code >> 8), UInt8(code & 255)]))
    }

    func frame() throws -> Frame {
        let head = try take(2)
        var length = Int(head[1] & 127)
        if length >= 126 {
            length = try take(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        return Frame(opcode: head[0] & 15, isFinal: head[0] & 0x80 != 0, payload: try take(length))
    }
}
