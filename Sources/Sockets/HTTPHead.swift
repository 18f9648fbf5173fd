/// A request line and its header fields, and what they say about the body and the connection.
struct HTTPHead {
    enum BodyLength {
        case none
        case known(Int)
        case chunked
    }

    private(set) var fields: [HTTPHeaders.Field] = []
    /// Bytes of the section read so far.
    var sectionLength = 0
    private(set) var bodyLength = BodyLength.none
    private(set) var keepAlive = true
    private(set) var expectsContinue = false

    private var method = ""
    private var target: RequestTarget?
    /// Empty until the section is whole.
    private(set) var headers = HTTPHeaders()
    private var isVersion10 = false

    init() {}

    /// `METHOD SP TARGET SP HTTP/1.1`, one space each.
    init(_ line: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPRequestError) {
        guard let first = line.firstIndex(of: 32), let last = line.lastIndex(of: 32), first < last else {
            throw HTTPRequestError(.badRequest, "The request line has not three parts.")
        }
        let name = line[..<first]
        let target = line[(first + 1)..<last]
        guard !name.isEmpty, name.count <= limits.method, name.allSatisfy(isToken) else {
            throw HTTPRequestError(.badRequest, "The method is not a token of at most 32 characters.")
        }
        try readVersion(line[(last + 1)...], isPreface: name.elementsEqual("PRI".utf8))
        guard target.count <= limits.target else { throw .targetTooLong }
        method = String(decoding: name, as: UTF8.self)
        self.target = try RequestTarget(target, method: method, queryLimit: limits.parameters)
    }

    private mutating func readVersion(
        _ version: ArraySlice<UInt8>, isPreface: Bool
    ) throws(HTTPRequestError) {
        if version.elementsEqual("HTTP/1.1".utf8) { return }
        if version.elementsEqual("HTTP/1.0".utf8) {
            isVersion10 = true
            return
        }
        if isPreface && version.elementsEqual("HTTP/2.0".utf8) {
            throw HTTPRequestError(.http2, "HTTP/2 without TLS is not spoken here.")
        }
        guard version.count == 8, version.starts(with: "HTTP/".utf8) else {
            throw HTTPRequestError(.badRequest, "The request line does not end in a version of HTTP.")
        }
        throw HTTPRequestError(.versionNotSupported, "This server speaks HTTP/1.1.")
    }

    /// One field line without its end. Positions are kept relative to the section.
    mutating func appendField(
        _ buffer: [UInt8], _ line: Range<Int>, sectionStart: Int
    ) throws(HTTPRequestError) {
        if buffer[line.lowerBound] == 32 || buffer[line.lowerBound] == 9 {
            throw HTTPRequestError(.badRequest, "A header field is folded over two lines.")
        }
        var colon = line.lowerBound
        while colon < line.upperBound, isToken(buffer[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, buffer[colon] == 58 else {
            throw HTTPRequestError(.badRequest, "The name of a header field is not a token.")
        }
        var first = colon + 1
        var last = line.upperBound
        while first < last, buffer[first] == 32 || buffer[first] == 9 { first += 1 }
        while last > first, buffer[last - 1] == 32 || buffer[last - 1] == 9 { last -= 1 }
        for index in first..<last where !isFieldText(buffer[index]) {
            throw HTTPRequestError(.badRequest, "A header field has a control character.")
        }
        fields.append(
            HTTPHeaders.Field(
                nameStart: Int32(line.lowerBound - sectionStart), nameEnd: Int32(colon - sectionStart),
                valueStart: Int32(first - sectionStart), valueEnd: Int32(last - sectionStart)))
    }

    /// The section is whole: what it says is read and checked.
    mutating func finish(_ section: [UInt8]) throws(HTTPRequestError) {
        headers = HTTPHeaders(bytes: section, fields: fields)
        var hosts = 0
        var lengths = 0
        var codings = 0
        for index in fields.indices {
            if headers.matches(index, "host") {
                hosts += 1
                try checkHost(headers.raw(index))
            } else if headers.matches(index, "content-length") {
                try readLength(headers.raw(index), isFirst: lengths == 0)
                lengths += 1
            } else if headers.matches(index, "transfer-encoding") {
                codings += 1
                try readCoding(headers.raw(index), isFirst: codings == 1)
            } else if headers.matches(index, "expect") {
                try readExpectation(headers.raw(index))
            }
        }
        guard lengths == 0 || codings == 0 else {
            throw HTTPRequestError(.badRequest, "Content-Length and Transfer-Encoding exclude each other.")
        }
        guard hosts == 1 || isVersion10 && hosts == 0 else {
            throw HTTPRequestError(.badRequest, "A request has exactly one Host.")
        }
        keepAlive = !isVersion10 && !headers.hasToken("close", in: "connection")
    }

    func request(body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: method, target: target?.text ?? "", path: target?.path ?? "", query: target?.query ?? [],
            headers: headers, body: body, isVersion10: isVersion10)
    }

    private func checkHost(_ value: ArraySlice<UInt8>) throws(HTTPRequestError) {
        for byte in value {
            switch byte {
            case 48...58, 65...90, 97...122, 45, 46, 91, 93, 95: continue
            default: throw HTTPRequestError(.badRequest, "Host is not a name or address with an optional port.")
            }
        }
    }

    private mutating func readLength(_ value: ArraySlice<UInt8>, isFirst: Bool) throws(HTTPRequestError) {
        guard !value.isEmpty, value.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
            throw HTTPRequestError(.badRequest, "Content-Length is not a number.")
        }
        // What does not fit is larger than any limit.
        var length = 0
        for digit in value where length < Int.max / 16 { length = length * 10 + Int(digit - 48) }
        if !isFirst, case .known(let other) = bodyLength, other != length {
            throw HTTPRequestError(.badRequest, "Content-Length is given twice.")
        }
        bodyLength = .known(length)
    }

    private mutating func readCoding(_ value: ArraySlice<UInt8>, isFirst: Bool) throws(HTTPRequestError) {
        guard isFirst, !isVersion10 else {
            throw HTTPRequestError(.badRequest, "Transfer-Encoding is given twice, or with HTTP/1.0.")
        }
        guard value.elementsEqual("chunked".utf8, by: { lowercase($0) == $1 }) else {
            throw HTTPRequestError(.notImplemented, "The only transfer coding taken is chunked.")
        }
        bodyLength = .chunked
    }

    private mutating func readExpectation(_ value: ArraySlice<UInt8>) throws(HTTPRequestError) {
        guard value.elementsEqual("100-continue".utf8, by: { lowercase($0) == $1 }) else {
            throw HTTPRequestError(.expectationFailed, "The only expectation met is 100-continue.")
        }
        // HTTP/1.0 has no interim answers.
        expectsContinue = !isVersion10
    }
}
