import CLibwebsockets
import Glibc

// The callbacks of lws: unwrap, switch on the reason, call one method. What is not named here is refused or means
// nothing.

func rawEvent(
    _ wsi: OpaquePointer?, _ event: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    guard let wsi, let opaque = lws_get_opaque_user_data(wsi) else { return 0 }
    let connection = Unmanaged<HTTPConnection>.fromOpaque(opaque)
    switch event {
    case LWS_CALLBACK_RAW_RX:
        return connection._withUnsafeGuaranteedRef {
            $0.received(UnsafeRawBufferPointer(start: bytes, count: count)) ? 0 : -1
        }
    case LWS_CALLBACK_RAW_WRITEABLE:
        connection.takeUnretainedValue().drained()
        return 0
    case LWS_CALLBACK_RAW_CLOSE:
        // Nothing reaches the connection by this wsi any more.
        lws_set_opaque_user_data(wsi, nil)
        connection.takeUnretainedValue().lost()
        return 0
    default:
        return 0
    }
}

/// Also the callback that lws uses for matters of all connections and of none: only what is named may look at the
/// opaque pointer.
func webSocketEvent(
    _ wsi: OpaquePointer?, _ event: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    switch event {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return bindOpening(wsi!)
    case LWS_CALLBACK_HTTP, LWS_CALLBACK_FILTER_HTTP_CONNECTION:
        return -1
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE, LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        // A connection that the server did not open as a WebSocket gets nowhere.
        return lws_get_opaque_user_data(wsi!) == nil ? -1 : 0
    case LWS_CALLBACK_ADD_HEADERS, LWS_CALLBACK_ESTABLISHED, LWS_CALLBACK_RECEIVE, LWS_CALLBACK_SERVER_WRITEABLE,
        LWS_CALLBACK_WS_PEER_INITIATED_CLOSE, LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL, LWS_CALLBACK_CLOSED,
        LWS_CALLBACK_CLOSED_HTTP:
        guard let wsi, let opaque = lws_get_opaque_user_data(wsi) else { return -1 }
        let socket = Unmanaged<WebSocket>.fromOpaque(opaque).takeUnretainedValue()
        return dispatch(event, wsi, socket, UnsafeMutableRawBufferPointer(start: bytes, count: count))
    default:
        return 0
    }
}

private func dispatch(
    _ event: lws_callback_reasons, _ wsi: OpaquePointer, _ socket: WebSocket, _ bytes: UnsafeMutableRawBufferPointer
) -> Int32 {
    switch event {
    case LWS_CALLBACK_ADD_HEADERS:
        return addSubprotocol(socket.subprotocol, bytes.baseAddress)
    case LWS_CALLBACK_ESTABLISHED:
        socket.established()
    case LWS_CALLBACK_RECEIVE:
        socket.received(
            UnsafeRawBufferPointer(bytes), isFinal: lws_is_final_fragment(wsi) != 0,
            isText: lws_frame_is_binary(wsi) == 0)
    case LWS_CALLBACK_SERVER_WRITEABLE:
        socket.drained()
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        socket.peerCloses(bytes.count >= 2 ? Int(bytes[0]) << 8 | Int(bytes[1]) : nil)
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        socket.dropped()
    default:
        // Nothing reaches the socket by this wsi any more.
        lws_set_opaque_user_data(wsi, nil)
        socket.lost()
    }
    return 0
}

/// The server is just adopting a socket for the WebSocket that it holds ready.
private func bindOpening(_ wsi: OpaquePointer) -> Int32 {
    guard let socket = LwsContext.server(of: wsi)?.opening else { return -1 }
    lws_set_opaque_user_data(wsi, Unmanaged.passUnretained(socket).toOpaque())
    socket.bind(wsi)
    return 0
}

/// lws would name the protocol of its own list, and hang up on a client that offers only others.
private func addSubprotocol(_ name: String?, _ arguments: UnsafeMutableRawPointer?) -> Int32 {
    guard let name, let arguments else { return 0 }
    let args = arguments.assumingMemoryBound(to: lws_process_html_args.self)
    let line = Array("Sec-WebSocket-Protocol: \(name)\r\n".utf8)
    guard name.utf8.allSatisfy(isToken), line.count < Int(args.pointee.max_len) else { return -1 }
    _ = line.withUnsafeBytes { memcpy(args.pointee.p, $0.baseAddress!, $0.count) }
    args.pointee.p += line.count
    return 0
}
