import CLibwebsockets
import Core
import Glibc
import Runtime
import Synchronization

/// libwebsockets on a loop: one context, without a listening socket of its own.
///
/// It is never freed. When a context on libuv is destroyed, lws 4.1.6 closes its eventfd twice, the second time a turn
/// of the loop later (`lws_destroy_event_pipe`, then `lws_libuv_closewsi`): by then the number may be that of another
/// thread's socket. So a loop keeps its context to the end of the process, for one server after the other.
final class LwsContext {
    private static let residents = Mutex<[ObjectIdentifier: LoopBound<LwsContext>]>([:])

    private let host: OpaquePointer
    private let rawName: UnsafeMutablePointer<CChar>

    /// That of the loop, which is made when it is asked for first.
    static func of(_ loop: EventLoop) throws(SocketError) -> LwsContext {
        loop.assertCurrent()
        // What is kept keeps its loop: no other one gets the name.
        if let known = residents.withLock({ $0[ObjectIdentifier(loop)] }) { return known.value }
        let made = try LwsContext(loop: loop)
        let kept = LoopBound.holding(made, on: loop)
        residents.withLock { $0[ObjectIdentifier(loop)] = kept }
        return made
    }

    private init(loop: EventLoop) throws(SocketError) {
        martlet_lws_set_log(logLine)
        // lws keeps pointers to all of these.
        rawName = strdup("raw")
        let protocols = Self.makeProtocols(rawName)
        // All zero: no timers to check validity, which lws keeps in one sorted list.
        let policy = UnsafeMutablePointer<lws_retry_bo_t>.allocate(capacity: 1)
        policy.initialize(to: lws_retry_bo_t())
        let loops = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        loops.initialize(to: loop.raw)
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN_SERVER
        info.options = UInt64(LWS_SERVER_OPTION_LIBUV)
        info.foreign_loops = loops
        info.protocols = UnsafePointer(protocols)
        info.retry_and_idle_policy = UnsafePointer(policy)
        // As much is read from a raw socket at once, and so parsed before it is another connection's turn. There is one
        // such buffer for the context.
        info.pt_serv_buf_size = 8192
        guard let context = lws_create_context(&info), let host = lws_get_vhost_by_name(context, "default") else {
            throw SocketError(call: "lws_create_context", number: errno)
        }
        self.host = host
    }

    private static func makeProtocols(_ rawName: UnsafeMutablePointer<CChar>) -> UnsafeMutablePointer<lws_protocols> {
        // The last one is empty.
        let protocols = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
        protocols.initialize(repeating: lws_protocols(), count: 2)
        protocols.pointee.name = UnsafePointer(rawName)
        protocols.pointee.callback = rawEvent
        protocols.pointee.tx_packet_size = 1 << 20
        return protocols
    }

    /// Takes the descriptor over, for this link.
    /// - Returns: false when it failed; then the descriptor is closed.
    func adopt(_ descriptor: Int32, _ link: Link) -> Bool {
        var info = lws_adopt_desc_t()
        info.vh = host
        info.type = LWS_ADOPT_SOCKET
        info.fd.sockfd = descriptor
        info.vh_prot_name = UnsafePointer(rawName)
        info.opaque = Unmanaged.passUnretained(link).toOpaque()
        guard let wsi = lws_adopt_descriptor_vhost_via_info(&info) else { return false }
        link.wsi = wsi
        return true
    }
}

private func logLine(_ level: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line else { return }
    let text = String(cString: line)
    // lws reports this as an error whenever a socket is adopted with bytes to read.
    guard !text.contains("calling service") else { return }
    let field = Log.Field.text(String(text.trimmingPrefix(" ").prefix { $0 != "\n" }))
    // Any client can cause warnings.
    if level == LLL_ERR {
        Log.warning(.lwsReported, ["line": field])
    } else {
        Log.debug(.lwsReported, ["line": field])
    }
}
