import CNghttp2
import Core
import Push
import Sink

/// The server's side of one HTTP/2 connection, without its socket: nghttp2 reads and writes the frames. Lives on its loop's
/// thread.
final class HTTP2Session {
    /// Streams at a time, bytes of a request's head and body.
    static let mostStreams: UInt32 = 256
    private static let longestHead = 16_384

    private final class Stream {
        var method = ""
        var path = ""
        var headers: [PushHeader] = []
        var headBytes = 0
        var body: [UInt8] = []
        var isTooLong = false
        var response: [UInt8] = []
        var sent = 0
    }

    private var session: OpaquePointer!
    private var streams: [Int32: Stream] = [:]
    /// The newest stream whose request has come.
    private var newest: Int32 = 0
    /// The last one that is looked at.
    private var lastStream: Int32?
    private let bodyLimit: Int
    /// Told of each request that has come as a whole; `nil`: it was too long.
    var onRequest: ((Int32, SinkRequest?) -> Void)?

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        defer { nghttp2_session_callbacks_del(callbacks) }
        Self.set(callbacks)
        nghttp2_session_server_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: Self.mostStreams),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(Self.longestHead)),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    }

    deinit { nghttp2_session_del(session) }

    /// - Returns: false: the peer has broken the protocol.
    func receive(_ bytes: [UInt8]) -> Bool {
        nghttp2_session_mem_recv(session, bytes, bytes.count) >= 0
    }

    /// What is to be sent.
    func takeOutput() -> [UInt8] {
        var output: [UInt8] = []
        while true {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0 else { return output }
            output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }
    }

    /// Nothing more is said by either side.
    var isOver: Bool { nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }

    // MARK: Responses

    func respond(_ id: Int32, _ response: PushResponse) {
        guard let stream = streams[id] else { return }
        stream.response = response.hasNoBody ? [] : response.body
        let fields = [PushHeader(":status", String(response.status))] + response.headers
        withFields(fields) { list in
            guard !stream.response.isEmpty else {
                nghttp2_submit_response(session, id, list.baseAddress, list.count, nil)
                return
            }
            var source = martlet_h2_source(Unmanaged.passUnretained(self).toOpaque()) {
                _, id, room, length, flags, source, _ in
                Unmanaged<HTTP2Session>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
                    .give(id, UnsafeMutableBufferPointer(start: room, count: length), flags!)
            }
            nghttp2_submit_response(session, id, list.baseAddress, list.count, &source)
        }
    }

    /// The stream ends without a response.
    /// - Parameter isRefused: nobody has looked at it; else something went wrong.
    func reset(_ id: Int32, isRefused: Bool) {
        let code = isRefused ? NGHTTP2_REFUSED_STREAM : NGHTTP2_INTERNAL_ERROR
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    }

    /// The connection is to end: this stream, and those that have not come as a whole, are not looked at.
    func goAway(at id: Int32) {
        guard lastStream == nil else { return reset(id, isRefused: true) }
        lastStream = newest
        reset(id, isRefused: true)
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), newest, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    private func give(_ id: Int32, _ room: UnsafeMutableBufferPointer<UInt8>, _ flags: UnsafeMutablePointer<UInt32>)
        -> Int
    {
        guard let stream = streams[id] else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        let piece = stream.response[stream.sent...].prefix(room.count)
        _ = room.update(fromContentsOf: piece)
        stream.sent += piece.count
        if stream.sent == stream.response.count { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return piece.count
    }

    private func withFields(_ fields: [PushHeader], _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Void) {
        // nghttp2 copies names and values before it returns.
        var text: [UInt8] = []
        for field in fields { text += Array(field.name.lowercased().utf8) + Array(field.value.utf8) }
        text.withUnsafeMutableBufferPointer { text in
            guard var place = text.baseAddress else { return }
            let list = fields.map { field in
                let (name, value) = (field.name.utf8.count, field.value.utf8.count)
                defer { place += name + value }
                return nghttp2_nv(
                    name: place, value: place + name, namelen: name, valuelen: value,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            }
            list.withUnsafeBufferPointer(body)
        }
    }

    // MARK: What arrives

    private static func set(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            if martlet_h2_is_request(frame) != 0 {
                HTTP2Session.of(context).streams[frame!.pointee.hd.stream_id] = Stream()
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, context in
            HTTP2Session.of(context).add(
                frame!.pointee.hd.stream_id, UnsafeBufferPointer(start: name, count: nameLength),
                UnsafeBufferPointer(start: value, count: valueLength))
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, context in
            HTTP2Session.of(context).add(id, body: UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            let head = frame!.pointee.hd
            let isEnd = UInt32(head.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
            let kinds = [NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue]
            if isEnd, kinds.contains(UInt32(head.type)) { HTTP2Session.of(context).complete(head.stream_id) }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, context in
            HTTP2Session.of(context).streams[id] = nil
            return 0
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> HTTP2Session {
        Unmanaged<HTTP2Session>.fromOpaque(context!).takeUnretainedValue()
    }

    private func add(_ id: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        guard let stream = streams[id] else { return }
        stream.headBytes += name.count + value.count + 32
        guard stream.headBytes <= Self.longestHead else {
            stream.isTooLong = true
            return
        }
        let (name, value) = (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
        switch name {
        case ":method": stream.method = value
        case ":path": stream.path = value
        default: stream.headers.append(PushHeader(name, value))
        }
    }

    private func add(_ id: Int32, body: UnsafeBufferPointer<UInt8>) {
        guard let stream = streams[id], !stream.isTooLong else { return }
        stream.body.append(contentsOf: body)
        guard stream.body.count > bodyLimit else { return }
        stream.isTooLong = true
        stream.body = []
    }

    private func complete(_ id: Int32) {
        guard let stream = streams[id], id <= lastStream ?? id else { return }
        newest = max(newest, id)
        onRequest?(
            id,
            stream.isTooLong
                ? nil
                : SinkRequest(method: stream.method, path: stream.path, headers: stream.headers, body: stream.body))
        stream.body = []
    }
}

extension PushResponse {
    /// Its status allows none (RFC 9110, section 6.4.1).
    var hasNoBody: Bool { status == 204 || status == 304 }
}

@available(*, unavailable)
extension HTTP2Session: Sendable {}
