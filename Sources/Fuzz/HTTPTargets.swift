import Sockets

extension FuzzTarget {
    private static let words = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", ":", "%", "%00", "%2f", "%2e%2e/", "../", "//", "?", "&", "=", "*", "#",
        "GET", "HEAD", "OPTIONS", "PRI", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http://h", "Host: h\r\n", "Host:\r\n",
        "Content-Length: 9\r\n", "Content-Length: 3\r\nContent-Length: 03\r\n", "Content-Length: +1\r\n",
        "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding : chunked\r\n",
        "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: x, CLOSE\r\n", " folded\r\n", "X: \u{0}\r\n",
        "0\r\n\r\n", "3\r\nabc\r\n", "3;x=y\r\n", "ffffffffffffffff\r\n", "-1\r\n", "0x1\r\n", "\u{FF}",
    ]

    /// Requests off a connection: wherever the bytes are cut, the same requests and the same refusal; and what was taken
    /// is still the same request when it is written down anew.
    static let http = FuzzTarget("http", words: words, leastAccepted: 70, timed: timedHTTP) {
        input, thorough throws(Finding) in
        let whole = try HTTPTranscript([input])
        for pieces in Cuts.of(input, thorough: thorough) {
            let cut = try HTTPTranscript(pieces)
            try require(cut == whole, "cut as \(pieces.map(\.count)): \(cut), whole: \(whole)")
        }
        for request in whole.requests { try checkRewritten(request) }
        // What is long is refused early above; how long it takes is seen with the server's own limits.
        if input.count > 1000 { _ = try HTTPTranscript([input], limits: HTTPLimits()) }
        return !whole.requests.isEmpty
    }

    private static let timedHTTP = Timed(.loop) { input, watch in
        var limits = HTTPLimits()
        limits.body = 65_536
        var parser = HTTPParser(limits: limits)
        for piece in Timed.reads(input) {
            watch.time { piece.withUnsafeBytes { parser.append($0) } }
            reading: while true {
                switch watch.time({ parser.next() }) {
                case .needsMore: break reading
                case .failure: return
                case .continueWanted, .request: continue
                }
            }
        }
    }

    private static func checkRewritten(_ taken: HTTPTranscript.Request) throws(Finding) {
        // It is longer, by spaces and a length.
        let again = try HTTPTranscript([taken.rewritten], limits: HTTPLimits())
        try require(again.status == nil && again.requests.count == 1, "written anew it is not one request: \(again)")
        let other = again.requests[0]
        try require(
            other.method == taken.method && other.target == taken.target && other.path == taken.path
                && other.query == taken.query && other.body == taken.body,
            "written anew it is another request: \(other), was \(taken)")
    }

    /// A request target: what is taken holds no control character and no more slashes than were written, and means the
    /// same when it is escaped anew.
    static let requestTarget = FuzzTarget(
        "target", words: words, leastAccepted: 100,
        timed: Timed(.loop) { input, watch in
            let line = input.prefix(HTTPLimits().target)
            _ = watch.time { try? RequestTarget(line, method: "GET", queryLimit: 64) }
        }
    ) { input, _ throws(Finding) in
        guard let target = try? RequestTarget(input[...], method: "OPTIONS", queryLimit: 8) else { return false }
        guard target.text != "*" else { return true }
        try require(target.path.utf8.first == 47, "the path \(target.path) does not begin with a slash")
        try require(!target.path.utf8.contains { $0 < 32 || $0 == 127 }, "a control character in the path")
        try require(!target.query.contains { $0.name.utf8.contains(0) || $0.value.utf8.contains(0) }, "a zero byte")
        try require(target.query.count <= 8, "\(target.query.count) parameters")
        let visible = target.text.utf8.prefix { $0 != 63 }
        try require(
            visible.filter { $0 == 47 }.count == target.path.utf8.filter { $0 == 47 }.count, "an escape made a slash")
        var text = escaped(target.path, but: 47)
        let query = target.query.map { escaped($0.name) + "=" + escaped($0.value) }
        if !query.isEmpty { text += "?" + query.joined(separator: "&") }
        let again = try? RequestTarget(Array(text.utf8)[...], method: "GET", queryLimit: 8)
        try require(
            again.map { $0.path.utf8.elementsEqual(target.path.utf8) } ?? false, "escaped anew it is another path")
        try require(
            again?.query.map { [$0.name, $0.value] } == target.query.map { [$0.name, $0.value] },
            "escaped anew it is another query")
        return true
    }

    private static func escaped(_ text: String, but kept: UInt8? = nil) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            if byte == kept {
                escaped.append(byte)
            } else {
                escaped += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static let handshakeWords =
        words + [
            "Upgrade: websocket\r\n", "Upgrade: h2c, WebSocket\r\n", "Connection: Upgrade\r\n",
            "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 8\r\n",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "==", "=", "Q==", "/w==",
        ]

    /// A WebSocket handshake: the answer has one shape, and nothing that the client wrote is in it.
    static let webSocketHandshake = FuzzTarget(
        "handshake", words: handshakeWords, leastAccepted: 50,
        timed: Timed(.loop) { input, watch in
            for request in (try? HTTPTranscript([input]).raw) ?? [] where request.method == "GET" {
                _ = watch.time { try? WebSocketHandshake(request).answer(subprotocol: nil) }
            }
        }
    ) { input, _ throws(Finding) in
        let requests = try HTTPTranscript([input]).raw
        var accepted = false
        // As the connection does: another method is no upgrade.
        for request in requests where request.method == "GET" {
            guard let handshake = try? WebSocketHandshake(request) else { continue }
            accepted = true
            let shape = String(decoding: handshake.answer(subprotocol: nil), as: UTF8.self).split(
                separator: "\r\n", omittingEmptySubsequences: false)
            try require(
                shape.count == 6 && shape[0] == "HTTP/1.1 101 Switching Protocols", "the answer has another shape")
            let digits = handshake.key.utf8.dropLast(2)
            let isBase64 = digits.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 43 || $0 == 47
            }
            try require(
                digits.count == 22 && isBase64 && handshake.key.hasSuffix("=="), "the key is not 16 bytes in Base64")
            try require(request.body.isEmpty, "a handshake with a body")
        }
        return accepted
    }
}
