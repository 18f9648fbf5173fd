import Core

/// A response; what has no known length is a stream. The server adds `Content-Length`, `Date` and `Connection`; any of these that the handler
/// gives is left out.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    /// Sent as it is. To HEAD only its length is sent; with 204 and 304 it is left out.
    public var body: [UInt8]
    /// What was taken from the budget for it before it was made, and is kept until the bytes are sent. Without it, room
    /// is taken when they have to wait.
    public var held: HeldBytes?
    /// In place of `body`.
    public var pieces: BodyPieces?

    public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What the server adds to a response.
struct Framing {
    /// `GMT` date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    var date: [UInt8]
    var isHead = false
    var closes = false
    var length = Length.known

    enum Length {
        case known
        /// Bytes of a body in pieces.
        case stated(Int)
        /// In chunks, for a stream.
        case chunked
        /// Not stated: the body ends with the connection.
        case untilTheEnd
    }
}

extension HTTPResponse {
    /// The end of a body in chunks.
    static let lastChunk = Array("0\r\n\r\n".utf8)

    func append(to output: inout [UInt8], _ framing: Framing) {
        output.reserveCapacity(output.count + 256 + body.count)
        Self.append(status: status, to: &output)
        for (name, value) in headers { Self.append(name, value, to: &output) }
        output.append(contentsOf: "Date: ".utf8)
        output.append(contentsOf: framing.date)
        let hasBody = status >= 200 && status != 204 && status != 304
        switch framing.length {
        case .known where hasBody: Self.append(length: body.count, to: &output)
        case .stated(let length): Self.append(length: length, to: &output)
        case .chunked: output.append(contentsOf: "\r\nTransfer-Encoding: chunked".utf8)
        case .known, .untilTheEnd: break
        }
        output.append(contentsOf: (framing.closes ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n").utf8)
        if hasBody && !framing.isHead { output.append(contentsOf: body) }
    }

    private static func append(length: Int, to output: inout [UInt8]) {
        output.append(contentsOf: "\r\nContent-Length: ".utf8)
        var digits = ByteWriter(capacity: 20)
        digits.append(decimal: UInt64(length))
        output.append(contentsOf: digits.bytes)
    }

    private static func append(status: Int, to output: inout [UInt8]) {
        let status = (100...999).contains(status) ? status : 500
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(UInt8(48 + status / 100))
        output.append(UInt8(48 + status / 10 % 10))
        output.append(UInt8(48 + status % 10))
        output.append(32)
        output.append(contentsOf: reason(status).utf8)
        output.append(13)
        output.append(10)
    }

    /// A value can't end the line: control characters become spaces. A header whose name is not a token is left out.
    private static func append(_ name: String, _ value: String, to output: inout [UInt8]) {
        guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
            Log.error(.headerDropped)
            return
        }
        guard !addedByServer(name) else { return }
        output.append(contentsOf: name.utf8)
        output.append(58)
        output.append(32)
        for byte in value.utf8 { output.append(isFieldText(byte) ? byte : 32) }
        output.append(13)
        output.append(10)
    }

    private static func addedByServer(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: name.equalsIgnoringCase("date")
        case 10: name.equalsIgnoringCase("connection")
        case 14: name.equalsIgnoringCase("content-length")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        default: false
        }
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        // RFC 9112 lets the phrase be empty.
        default: ""
        }
    }
}

/// RFC 9110's date of a time in milliseconds since 1970.
func httpDate(milliseconds: Int64) -> [UInt8] {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    // `2026-11-21T10:00:00.000Z` has all the parts; the day of the week follows from the days since 1970.
    let text = Array(rfc3339(milliseconds: milliseconds).utf8)
    let month = Int(text[5] - 48) * 10 + Int(text[6] - 48)
    var date = Array(days[Int(milliseconds / 86_400_000) % 7].utf8)
    date += Array(", ".utf8) + text[8..<10] + [32]
    date += Array(months[month - 1].utf8) + [32] + text[0..<4] + [32]
    date += text[11..<19] + Array(" GMT".utf8)
    return date
}
