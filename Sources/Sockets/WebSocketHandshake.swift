import CLibwebsockets

/// The opening handshake (RFC 6455, section 4.2), checked strictly.
package struct WebSocketHandshake {
    package let key: String
    /// `nil`: the client offers none that can be accepted.
    package let deflate: DeflateAgreement?

    /// - Parameter request: GET, or HEAD, which opens nothing.
    package init(_ request: HTTPRequest) throws(HTTPRequestError) {
        let headers = request.headers
        // RFC 9110, section 7.8: over HTTP/1.0 Upgrade means nothing.
        guard request.method == "GET", !request.isVersion10, headers.hasToken("websocket", in: "upgrade"),
            headers.hasToken("upgrade", in: "connection")
        else {
            throw HTTPRequestError(.upgradeRequired, "This path is for WebSockets only.")
        }
        guard request.body.isEmpty else {
            throw HTTPRequestError(.badRequest, "A WebSocket handshake must not have a body.")
        }
        guard headers.all("sec-websocket-version") == ["13"] else {
            throw HTTPRequestError(.upgradeRequired, "Sec-WebSocket-Version must be 13.")
        }
        let keys = headers.all("sec-websocket-key")
        guard keys.count == 1, Self.isKey(keys[0]) else {
            throw HTTPRequestError(.badRequest, "Sec-WebSocket-Key must be 16 bytes in Base64.")
        }
        key = keys[0]
        deflate = DeflateAgreement(offers: headers.all("sec-websocket-extensions"))
    }

    /// 16 bytes are 22 digits and two pads; the last digit carries two bits.
    private static func isKey(_ key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes.hasSuffix("=="), "AQgw".utf8.contains(bytes[21]) else { return false }
        return bytes[..<22].allSatisfy { byte in
            switch byte {
            case 43, 47...57, 65...90, 97...122: true
            default: false
            }
        }
    }

    /// - Parameter subprotocol: one of those that the client offered; what is not a token is left out.
    /// - Parameter deflate: what was agreed on.
    package func response(subprotocol: String?, deflate: DeflateAgreement? = nil) -> [UInt8] {
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Accept: \(accept)\r\n"
        if let subprotocol, !subprotocol.isEmpty, subprotocol.utf8.allSatisfy(isToken) {
            head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n"
        }
        if let deflate { head += "Sec-WebSocket-Extensions: \(deflate.header)\r\n" }
        return Array((head + "\r\n").utf8)
    }

    /// The proof that the key was read.
    private var accept: String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        lws_SHA1(text, text.count, &digest)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { encoded in
            let count = digest.withUnsafeBytes { bytes in
                let start = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
                return lws_b64_encode_string(start, Int32(bytes.count), encoded.baseAddress, Int32(encoded.count))
            }
            return String(decoding: UnsafeRawBufferPointer(encoded).prefix(Int(count)), as: UTF8.self)
        }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { suffix($0.count).elementsEqual($0) }
    }
}
