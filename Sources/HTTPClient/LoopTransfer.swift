import CCurl
import Core
import Glibc

/// A curl handle with a request on it. It is used for one after the other; lives on its client's loop.
final class LoopTransfer {
    /// Bytes of a response's head.
    private static let headLimit = 32_768
    /// A body that is so many times longer than what is kept of it is broken off, and its connection perhaps with it.
    private static let patience = 4
    static let mostTries = 3
    /// How long the kernel waits for a peer that takes nothing before it says that the connection is gone.
    private static let silence: Int32 = 20_000

    let handle: UnsafeMutableRawPointer
    var then: ((Result<HTTPReply, LoopFailure>) -> Void)?
    /// How often it was sent without having been looked at.
    var tries = 0
    private(set) var opened = 0

    private let options: LoopClientOptions
    private let errorText: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var isSecure = true
    private var sent = 0
    /// curl has asked for the body: a server may have all of it.
    private var wasSent = false
    private var wasForbidden = false
    /// The server has not looked at it.
    private var wasRefused = false
    private var reply = HTTPReply()
    private var headBytes = 0
    private var bodyBytes = 0
    private var hasHead = false
    private var isCut = false

    init(_ options: LoopClientOptions) {
        self.options = options
        guard let handle = curl_easy_init() else { fatalError("no memory for a curl handle") }
        self.handle = handle
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setUp()
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    private func setUp() {
        martlet_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        martlet_curl_set_text(handle, CURLOPT_USERAGENT, "martlet")
        martlet_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, options.takesPlain ? "http,https" : "https")
        martlet_curl_set_number(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        martlet_curl_set_number(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let file = options.authorities { martlet_curl_set_text(handle, CURLOPT_CAINFO, file) }
        // A proxy of the environment would be asked to open what may not be opened.
        martlet_curl_set_text(handle, CURLOPT_PROXY, "")
        // Rather a stream of a connection that is being made than a connection of its own.
        martlet_curl_set_number(handle, CURLOPT_PIPEWAIT, 1)
        martlet_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, options.connectTime)
        // Seconds that a connection may have been idle: push services want them kept.
        martlet_curl_set_number(handle, CURLOPT_MAXAGE_CONN, 1800)
        martlet_curl_set_number(handle, CURLOPT_TCP_KEEPALIVE, 1)
        martlet_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        martlet_curl_set_number(handle, CURLOPT_POST, 1)
        // Responses are short, and so are the bodies that are sent.
        martlet_curl_set_number(handle, CURLOPT_BUFFERSIZE, 4096)
        martlet_curl_set_number(handle, CURLOPT_UPLOAD_BUFFERSIZE, 16_384)
    }

    /// - Throws: what is wrong with it.
    func prepare(_ request: LoopRequest, _ then: @escaping (Result<HTTPReply, LoopFailure>) -> Void)
        throws(LoopFailure)
    {
        guard isHeaderText(request.url), martlet_curl_set_text(handle, CURLOPT_URL, request.url) == CURLE_OK else {
            throw LoopFailure(reason: .invalidRequest, message: "the address is not valid")
        }
        isSecure = request.url.utf8.starts(with: "https:".utf8)
        curl_slist_free_all(headers)
        // Without these two curl waits for permission to send, and calls the body a form.
        headers = curl_slist_append(nil, "Expect:")
        var hasType = false
        for (name, value) in request.headers {
            guard isHeaderText(name), isHeaderText(value) else {
                throw LoopFailure(
                    reason: .invalidRequest, message: "the header \(name) has a character that is not allowed")
            }
            hasType = hasType || name.equalsIgnoringCase("content-type")
            headers = curl_slist_append(headers, "\(name): \(value)")
        }
        if !hasType { headers = curl_slist_append(headers, "Content-Type:") }
        martlet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        martlet_curl_set_number(handle, CURLOPT_POSTFIELDSIZE, request.body.count)
        martlet_curl_set_number(handle, CURLOPT_TIMEOUT_MS, request.milliseconds)
        (body, self.then, tries) = (request.body, then, 0)
        rewind()
    }

    /// To be sent from its start.
    func rewind() {
        errorText[0] = 0
        (sent, wasSent, wasForbidden, wasRefused) = (0, body.isEmpty, false, false)
        (reply, headBytes, bodyBytes, hasHead, isCut) = (HTTPReply(), 0, 0, false, false)
    }

    /// Sockets that it has opened since the last call.
    func takeOpened() -> Int {
        defer { opened = 0 }
        return opened
    }

    /// Holds nothing of the request any more.
    func clear() {
        then = nil
        body = []
        reply = HTTPReply()
    }

    // MARK: What curl asks for

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_READDATA, CURLOPT_SEEKDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA,
        ] { martlet_curl_set_pointer(handle, option, context) }
        martlet_curl_set_source(handle) { bytes, size, count, context in
            let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return LoopTransfer.of(context).give(room)
        }
        martlet_curl_set_seek(handle) { context, _, _ in
            LoopTransfer.of(context).seek()
            return CURL_SEEKFUNC_FAIL
        }
        martlet_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return LoopTransfer.of(context).receive(bytes) ? bytes.count : 0
        }
        martlet_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return LoopTransfer.of(context).receiveHeaderLine(bytes) ? bytes.count : 0
        }
        martlet_curl_set_opener(handle) { context, _, address in
            LoopTransfer.of(context).open(address!)
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> LoopTransfer {
        Unmanaged<LoopTransfer>.fromOpaque(context!).takeUnretainedValue()
    }

    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        wasSent = true
        let piece = body[sent...].prefix(room.count)
        piece.withUnsafeBytes { room.copyMemory(from: $0) }
        sent += piece.count
        return piece.count
    }

    /// curl sends again what got no response, on another connection: where the first may have been read nobody else would
    /// know that there were two. So it gets no body for it. Of a stream that was refused it says nothing but that it would
    /// like to; where a connection of HTTP/2 broke there is an error already, or nothing is asked at all.
    private func seek() { wasRefused = errorText[0] == 0 && martlet_curl_speaks_http2(handle) != 0 }

    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let target = SocketAddress.read(address), options.mayOpen(target, isSecure) else {
            wasForbidden = true
            return -1
        }
        let info = address.pointee
        let descriptor = socket(
            info.family, info.socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), info.protocol)
        guard descriptor >= 0 else { return -1 }
        opened += 1
        // Streams on a connection whose peer has vanished would all wait for their time to be over, and so would all after
        // them.
        var silence = Self.silence
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &silence, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    // MARK: What arrives

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bodyBytes += bytes.count
        let room = options.bodyLimit - reply.body.count
        if room > 0 { reply.body.append(contentsOf: bytes.prefix(room)) }
        isCut = bodyBytes > options.bodyLimit * Self.patience
        return !isCut
    }

    private func receiveHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headBytes += bytes.count
        guard headBytes <= Self.headLimit else {
            isCut = true
            return false
        }
        let line = bytes.prefix { $0 != 13 && $0 != 10 }
        if line.isEmpty {
            // Behind an interim response (1xx) comes another head; trailers come behind the body.
            hasHead = reply.status >= 200
        } else if line.starts(with: "HTTP/".utf8) {
            let words = line.split(separator: 32, omittingEmptySubsequences: true)
            reply = HTTPReply()
            reply.status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
        } else if !(200..<300).contains(reply.status), !hasHead, let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            // What comes with a success is nothing that anybody asks for.
            let value = line[(colon + 1)...].drop { $0 == 32 || $0 == 9 }
            reply.headers.append(
                (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return true
    }

    // MARK: How it ended

    func result(_ code: CURLcode) -> Result<HTTPReply, LoopFailure> {
        // What was too long is known as far as it was read, and who has said that all is well need not say more.
        if code == CURLE_OK || isCut && reply.status >= 200 || hasHead && (200..<300).contains(reply.status) {
            return .success(reply)
        }
        let text = String(cString: errorText)
        return .failure(
            LoopFailure(reason: reason(code), message: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text))
    }

    private func reason(_ code: CURLcode) -> LoopFailure.Reason {
        // Of a response that is not HTTP curl says the second, too.
        guard wasSent else {
            if code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL { return .invalidRequest }
            return wasForbidden ? .forbiddenAddress : .unreachable
        }
        if code == CURLE_OPERATION_TIMEDOUT { return .timeout }
        return wasRefused && reply.status == 0 ? .notProcessed : .broken
    }
}

@available(*, unavailable)
extension LoopTransfer: Sendable {}
