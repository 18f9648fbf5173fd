import Core
import Glibc

/// Reads requests of HTTP/1.1 from a stream of bytes, strictly (RFC 9112): what is ambiguous is an error, because a
/// proxy in front might read it otherwise. It does no I/O: bytes go in by `append`, what they mean comes out of `next`.
/// After an error it reads nothing more.
package struct HTTPParser {
    package enum Output {
        case needsMore
        /// The head is fine, and the client waits for `100 Continue` before it sends the body.
        case continueWanted
        case request(HTTPRequest, keepAlive: Bool)
        case failure(HTTPRequestError)
    }

    /// How far it is, for deadlines.
    package enum Stage {
        case idle, head, body
        /// It is known what is wrong, and the rest of the head is awaited.
        case refused
        case failed
    }

    private enum State {
        case startLine, fields
        case body(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd, trailer
        /// The head is too long. Its end is awaited all the same: see `HTTPHeadRest`.
        case refused(HTTPRequestError, HTTPHeadRest)
        case failed
    }

    private let limits: HTTPLimits
    private var state = State.startLine
    private var buffer: [UInt8] = []
    /// Where the element begins that is not complete yet: a line, the header section, a piece of the body.
    private var start = 0
    /// There is no line end between `start` and here.
    private var scanned = 0
    private var head = HTTPHead()
    private var body: [UInt8] = []
    private var sawEmptyLine = false
    private var failedOrigin: String?

    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
    }

    /// Bytes that wait to be read.
    package var buffered: Int { buffer.count - start }

    /// Bytes of memory that a request takes which has come in part: of its body all that is still to come, too.
    package var held: Int {
        switch state {
        case .startLine: buffer.count
        case .body(let remaining): buffer.count + head.sectionLength + body.count + remaining
        default: buffer.count + head.sectionLength + body.count
        }
    }

    /// Nothing more is read, and nothing kept.
    mutating func close() {
        failedOrigin = origin
        state = .failed
        reset()
        body = []
    }

    package var stage: Stage {
        switch state {
        case .startLine: buffered == 0 ? .idle : .head
        case .fields: .head
        case .refused: .refused
        case .failed: .failed
        default: .body
        }
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if case .failed = state { return }
        buffer.append(contentsOf: bytes)
    }

    /// What stands behind the last request, such as frames sent right after a handshake. Nothing is left.
    mutating func takeRest() -> [UInt8] {
        let rest = Array(buffer[start...])
        reset()
        return rest
    }

    private mutating func reset() {
        // Between requests a connection holds no memory here.
        buffer = []
        start = 0
        scanned = 0
    }

    package mutating func next() -> Output {
        do throws(HTTPRequestError) {
            if let output = try advance() { return output }
        } catch {
            return refuse(error)
        }
        if start == buffer.count {
            reset()
        } else if start > 4096 {
            buffer.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        return .needsMore
    }

    /// The one `Origin` of the request that is being read or was refused, as far as it has come.
    package var origin: String? {
        switch state {
        case .failed: return failedOrigin
        case .refused(_, let rest): return rest.origin
        case .startLine, .fields:
            if head.headers.count > 0 { return head.headers.only("origin") }
            var rest = HTTPHeadRest()
            _ = rest.take(buffer[start...])
            return rest.origin
        default: return head.headers.only("origin")
        }
    }

    /// What is wrong with the request, while the rest of its head is awaited.
    package var refusal: HTTPRequestError? {
        if case .refused(let error, _) = state { error } else { nil }
    }

    private mutating func refuse(_ error: HTTPRequestError) -> Output {
        switch error.kind {
        case .targetTooLong, .headerTooLarge:
            if case .refused = state { break }
            var rest = HTTPHeadRest()
            guard rest.take(buffer[start...]) else {
                state = .refused(error, rest)
                reset()
                return .needsMore
            }
        default: break
        }
        close()
        return .failure(error)
    }

    /// `nil` when there is nothing more to read.
    private mutating func advance() throws(HTTPRequestError) -> Output? {
        while true {
            switch state {
            case .startLine:
                guard try readStartLine() else { return nil }
            case .fields:
                guard try readFields() else { return nil }
                if let output = try endHead() { return output }
            case .body(let remaining):
                let left = takeBody(remaining)
                guard left == 0 else {
                    state = .body(remaining: left)
                    return nil
                }
                return endRequest()
            case .chunkSize:
                guard try readChunkSize() else { return nil }
            case .chunk(let remaining):
                let left = takeBody(remaining)
                state = left == 0 ? .chunkEnd : .chunk(remaining: left)
                guard left == 0 else { return nil }
            case .chunkEnd:
                guard let line = try takeLine(limit: 2) else { return nil }
                guard line.isEmpty else { throw Self.badChunk }
                state = .chunkSize
            case .trailer:
                guard let line = try takeLine(limit: 2) else { return nil }
                guard line.isEmpty else { throw Self.badChunk }
                return endRequest()
            case .refused(let error, var rest):
                let isOver = rest.take(buffer[start...])
                state = .refused(error, rest)
                start = buffer.count
                guard isOver else { return nil }
                throw error
            case .failed:
                return nil
            }
        }
    }

    private mutating func endRequest() -> Output {
        state = .startLine
        let request = head.request(body: body)
        let keepAlive = head.keepAlive
        body = []
        head = HTTPHead()
        return .request(request, keepAlive: keepAlive)
    }

    // MARK: Lines

    /// The next line without its end, consumed. `nil` when it has not arrived whole.
    /// - Parameter limit: bytes with the line's end; a longer line throws.
    private mutating func takeLine(limit: Int) throws(HTTPRequestError) -> Range<Int>? {
        guard let end = try lineEnd(limit: limit, Self.badChunk) else { return nil }
        let line = start..<end - 1
        start = end + 1
        scanned = start
        return line
    }

    /// The index of the next LF, which must follow a CR.
    /// - Parameter limit: bytes from `start` to the LF, it included. Beyond it `tooLong` is thrown, whether the LF is
    ///   there or still to come: how the bytes arrive must not change the answer.
    private mutating func lineEnd(limit: Int, _ tooLong: HTTPRequestError) throws(HTTPRequestError) -> Int? {
        let from = scanned
        let count = buffer.count
        let found = buffer.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, from < count, let hit = memchr(base + from, 10, count - from) else {
                return nil
            }
            return UnsafeRawPointer(hit) - base
        }
        guard (found ?? count) - start < limit else { throw tooLong }
        guard let found else {
            scanned = count
            return nil
        }
        guard found > start, buffer[found - 1] == 13 else {
            throw HTTPRequestError(.badRequest, "A line ends without a carriage return.")
        }
        return found
    }

    // MARK: Head

    private mutating func readStartLine() throws(HTTPRequestError) -> Bool {
        if let first = buffer[start...].first, !isToken(first), first != 13 {
            throw HTTPRequestError(.badRequest, "This is not HTTP.")
        }
        let limit = limits.method + limits.target + 16
        guard let end = try lineEnd(limit: limit, .targetTooLong) else { return false }
        let line = buffer[start..<end - 1]
        start = end + 1
        scanned = start
        if line.isEmpty && !sawEmptyLine {
            // RFC 9112, section 2.2: one empty line before a request is forgiven.
            sawEmptyLine = true
            return true
        }
        head = try HTTPHead(line, limits: limits)
        sawEmptyLine = false
        state = .fields
        return true
    }

    /// Reads field lines up to the empty one. `start` stays at the section's first byte until it is whole.
    private mutating func readFields() throws(HTTPRequestError) -> Bool {
        while let end = try lineEnd(limit: limits.headers, Self.headerTooLarge) {
            let lineStart = head.sectionLength + start
            let line = lineStart..<end - 1
            scanned = end + 1
            if line.isEmpty {
                let section = Array(buffer[start..<lineStart])
                start = scanned
                try head.finish(section)
                return true
            }
            guard head.fields.count < limits.fields else { throw Self.headerTooLarge }
            try head.appendField(buffer, line, sectionStart: start)
            head.sectionLength = scanned - start
        }
        return false
    }

    private mutating func endHead() throws(HTTPRequestError) -> Output? {
        switch head.bodyLength {
        case .none:
            return endRequest()
        case .known(let length):
            guard length <= limits.body else { throw Self.bodyTooLarge }
            guard length > 0 else { return endRequest() }
            state = .body(remaining: length)
            body.reserveCapacity(min(length, 65_536))
        case .chunked:
            state = .chunkSize
        }
        return head.expectsContinue && buffered == 0 ? .continueWanted : nil
    }

    // MARK: Body

    /// Moves what there is of the body; returns how much is still missing.
    private mutating func takeBody(_ remaining: Int) -> Int {
        let count = min(remaining, buffered)
        body.append(contentsOf: buffer[start..<start + count])
        start += count
        scanned = start
        return remaining - count
    }

    /// Hexadecimal digits only: extensions and trailers are for nobody, and readers differ about them.
    private mutating func readChunkSize() throws(HTTPRequestError) -> Bool {
        guard let line = try takeLine(limit: 10) else { return false }
        guard !line.isEmpty, line.count <= 8 else { throw Self.badChunk }
        var size = 0
        for byte in buffer[line] {
            guard let digit = hexValue(byte) else { throw Self.badChunk }
            size = size << 4 | Int(digit)
        }
        guard size <= limits.body - body.count else { throw Self.bodyTooLarge }
        state = size == 0 ? .trailer : .chunk(remaining: size)
        return true
    }

    private static let badChunk = HTTPRequestError(.badRequest, "The chunked body is malformed.")
    private static let bodyTooLarge = HTTPRequestError(.bodyTooLarge, "The body is larger than this server takes.")
    private static let headerTooLarge = HTTPRequestError(
        .headerTooLarge, "The header section is larger than 16 KiB or has more than 100 fields.")
}
