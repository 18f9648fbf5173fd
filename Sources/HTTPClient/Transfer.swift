import CCurl
import Core

/// One request on its way, with the curl handle that carries it. What curl hands over is kept here until the client's
/// loop takes it: no callback calls into anything else.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    private(set) var reply = HTTPReply()
    /// What has come of the body since it was taken.
    private(set) var arrived: [UInt8] = []
    /// When the last byte came, or when it began.
    private(set) var activeAt = monotonicNanoseconds()
    private(set) var isTooLarge = false
    private static let headLimit = 1 << 18
    private var headBytes = 0
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private let limit: Int

    /// - Parameter limit: how many bytes of the body may wait to be taken.
    init(
        _ method: String, _ url: String, headers: [(String, String)], body: [UInt8]?, secureOnly: Bool = false,
        limit: Int
    ) throws(HTTPFailure) {
        guard let handle = curl_easy_init() else { throw HTTPFailure(reason: .invalidRequest, message: "no memory") }
        self.handle = handle
        self.limit = limit
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setUp(method, url, secureOnly: secureOnly)
        try add(headers + [("Expect", "")])
        if let body { setBody(body) }
        setSinks()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    private func setUp(_ method: String, _ url: String, secureOnly: Bool) throws(HTTPFailure) {
        guard isHeaderText(url), martlet_curl_set_text(handle, CURLOPT_URL, url) == CURLE_OK else {
            throw HTTPFailure(reason: .invalidRequest, message: "the address is not valid")
        }
        martlet_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, method)
        martlet_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        martlet_curl_set_text(handle, CURLOPT_USERAGENT, "martlet")
        // Redirects are not followed (curl's default): the headers carry credentials.
        martlet_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, secureOnly ? "https" : "http,https")
        martlet_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        martlet_curl_set_number(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Signals belong to the program.
        martlet_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
    }

    private func add(_ fields: [(String, String)]) throws(HTTPFailure) {
        for (name, value) in fields {
            guard isHeaderText(name), isHeaderText(value) else {
                let message = "the header \(name) has a character that is not allowed"
                throw HTTPFailure(reason: .invalidRequest, message: message)
            }
            headers = curl_slist_append(headers, "\(name): \(value)")
        }
        martlet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
    }

    private func setBody(_ body: [UInt8]) {
        martlet_curl_set_number(handle, CURLOPT_POSTFIELDSIZE, body.count)
        body.withUnsafeBytes { bytes in
            // The size was said before: curl copies that many bytes, and needs no NUL. A body of none has no address.
            let start = bytes.bindMemory(to: CChar.self).baseAddress ?? UnsafePointer(errorText)
            martlet_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, start)
        }
    }

    private func setSinks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        martlet_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        martlet_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue().receive(bytes) ? bytes.count : 0
        }
        martlet_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        martlet_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
            return transfer.receiveHeaderLine(bytes) ? bytes.count : 0
        }
    }

    // MARK: What arrives

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        activeAt = monotonicNanoseconds()
        guard arrived.count + bytes.count <= limit else {
            isTooLarge = true
            return false
        }
        arrived.append(contentsOf: bytes)
        return true
    }

    private func receiveHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        activeAt = monotonicNanoseconds()
        headBytes += bytes.count
        guard headBytes <= Self.headLimit else {
            isTooLarge = true
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self).filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        if line.hasPrefix("HTTP/") {
            // After an interim answer (1xx) the head begins anew.
            reply.headers = []
            reply.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            reply.headers.append((String(line[..<colon]), String(value)))
        }
        return true
    }

    /// The time that its taker needed is not the server's silence.
    func touch() { activeAt = monotonicNanoseconds() }

    func takeArrived() -> [UInt8] {
        defer { arrived = [] }
        return arrived
    }

    /// Moves what has come to the reply's body.
    func finish() -> HTTPReply {
        reply.body = takeArrived()
        return reply
    }

    func failure(_ code: CURLcode) -> HTTPFailure {
        let text = String(cString: errorText)
        let message = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        return switch code {
        case CURLE_WRITE_ERROR where isTooLarge:
            HTTPFailure(
                reason: .tooLarge,
                message: "the answer is larger than \(limit) bytes, or its head than \(Self.headLimit)")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: HTTPFailure(reason: .invalidRequest, message: message)
        case CURLE_OPERATION_TIMEDOUT: HTTPFailure(reason: .timeout, message: message)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
            CURLE_PEER_FAILED_VERIFICATION:
            HTTPFailure(reason: .unreachable, message: message)
        default: HTTPFailure(reason: .broken, message: message)
        }
    }
}

@available(*, unavailable)
extension Transfer: Sendable {}
