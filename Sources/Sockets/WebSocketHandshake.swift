/// The client's half of the opening handshake (RFC 6455, section 4.2.1), checked strictly: lws takes any method, any
/// version and none at all.
package struct WebSocketHandshake {
    package let key: String

    package init(_ request: HTTPRequest) throws(HTTPRequestError) {
        let headers = request.headers
        guard headers.hasToken("websocket", in: "upgrade"), headers.hasToken("upgrade", in: "connection") else {
            throw HTTPRequestError(.upgradeRequired, "This path takes WebSockets only.")
        }
        guard request.method == "GET", request.body.isEmpty else {
            throw HTTPRequestError(.badRequest, "A WebSocket handshake is a GET without a body.")
        }
        guard headers.all("sec-websocket-version") == ["13"] else {
            throw HTTPRequestError(.upgradeRequired, "Sec-WebSocket-Version must be 13.")
        }
        let keys = headers.all("sec-websocket-key")
        guard keys.count == 1, Self.isKey(keys[0]) else {
            throw HTTPRequestError(.badRequest, "Sec-WebSocket-Key must be 16 bytes in Base64.")
        }
        key = keys[0]
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

    /// What lws is given to read: nothing of what the client wrote but its checked key. So lws' HTTP parser never
    /// meets bytes from outside. The subprotocol is added to lws' answer by `LWS_CALLBACK_ADD_HEADERS`.
    package var head: [UInt8] {
        Array(
            """
            GET / HTTP/1.1\r
            Host: martlet\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: \(key)\r
            \r

            """.utf8)
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { suffix($0.count).elementsEqual($0) }
    }
}
