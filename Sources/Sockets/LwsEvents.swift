import CLibwebsockets

/// The callback of lws: unwrap, switch on the reason, call one method. lws uses it also for matters of all connections
/// and of none: only for what is named here may the opaque pointer be looked at.
func rawEvent(
    _ wsi: OpaquePointer?, _ event: lws_callback_reasons, _ user: UnsafeMutableRawPointer?,
    _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Int32 {
    switch event {
    case LWS_CALLBACK_RAW_RX:
        return link(of: wsi)?._withUnsafeGuaranteedRef {
            $0.received(UnsafeRawBufferPointer(start: bytes, count: count)) ? 0 : -1
        } ?? 0
    case LWS_CALLBACK_RAW_WRITEABLE:
        link(of: wsi)?.takeUnretainedValue().drained()
        return 0
    case LWS_CALLBACK_RAW_CLOSE:
        guard let link = link(of: wsi) else { return 0 }
        // Nothing reaches the link by this wsi any more.
        lws_set_opaque_user_data(wsi, nil)
        link.takeUnretainedValue().lost()
        return 0
    case LWS_CALLBACK_HTTP, LWS_CALLBACK_FILTER_HTTP_CONNECTION, LWS_CALLBACK_HTTP_CONFIRM_UPGRADE,
        LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        // lws' own protocols are for nobody.
        return -1
    default:
        return 0
    }
}

private func link(of wsi: OpaquePointer?) -> Unmanaged<Link>? {
    lws_get_opaque_user_data(wsi).map { Unmanaged.fromOpaque($0) }
}
