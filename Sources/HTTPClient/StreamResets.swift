import Glibc

/// Takes the place of nghttp2's function for libcurl, and lets all pass but resets of streams that have ended.
///
/// libcurl 7.88 forgets that a stream of HTTP/2 has ended once it has told so, and resets it (lib/http2.c,
/// `http2_data_done`): after each response without a body, and each whose length it was not told. No frame may be sent on such
/// a stream (RFC 9113, section 5.1), and servers that count resets (CVE-2023-44487), nghttp2's among them, end the connection
/// after a thousand, with all that is in flight on it.
///
/// The dynamic linker takes a program's own function before a library's; `test_no_stream_is_reset` sees whether it does.
@_cdecl("nghttp2_submit_rst_stream")
public func submitStreamReset(
    _ session: UnsafeMutableRawPointer?, _ flags: UInt8, _ stream: Int32, _ code: UInt32
) -> Int32 {
    guard let functions = NextResets.found else { return 0 }
    // A server keeps streams that have ended for a while, so this concerns clients alone.
    return functions.find(session, stream) == nil ? 0 : functions.reset(session, flags, stream, code)
}

/// nghttp2's own functions, behind ours.
private struct NextResets {
    typealias Reset = @convention(c) (UnsafeMutableRawPointer?, UInt8, Int32, UInt32) -> Int32
    typealias Find = @convention(c) (UnsafeMutableRawPointer?, Int32) -> UnsafeMutableRawPointer?

    let reset: Reset
    let find: Find

    /// `nil`: there is no nghttp2, so nobody calls it.
    static let found: NextResets? = {
        // RTLD_NEXT: in the libraries behind this program.
        let next = UnsafeMutableRawPointer(bitPattern: -1)
        guard let reset = dlsym(next, "nghttp2_submit_rst_stream"),
            let find = dlsym(next, "nghttp2_session_find_stream")
        else { return nil }
        return NextResets(
            reset: unsafeBitCast(reset, to: Reset.self), find: unsafeBitCast(find, to: Find.self))
    }()
}
