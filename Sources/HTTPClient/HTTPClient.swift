import CCurl
import Core
import Glibc

/// A small HTTP client that blocks the thread that it is used on, one call at a time. It keeps connections open
/// between calls, follows no redirects, and speaks http and https only.
public final class HTTPClient {
    /// How a stream ended that was not broken off.
    public enum StreamEnd: Sendable {
        /// The server ended it.
        case finished
        /// The taker of its bytes wanted no more.
        case stopped
        /// The deadline passed.
        case deadline
        /// There was no stream: the answer's status is not 200. At most 64 KiB of its body.
        case refused(HTTPReply)
    }

    static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    private static let pieceLimit = 1 << 22
    private let multi: UnsafeMutableRawPointer
    private let interrupt: Interrupt?

    /// - Parameter interrupt: ends calls with `HTTPFailure.Reason.interrupted`, those to come too.
    public init(interrupt: Interrupt? = nil) {
        precondition(Self.isReady, "libcurl does not start")
        multi = curl_multi_init()!
        self.interrupt = interrupt
    }

    deinit { curl_multi_cleanup(multi) }

    /// - Parameters:
    ///   - body: sent as it is; name its type in the headers.
    ///   - secureOnly: https and nothing else.
    ///   - milliseconds: for the whole of it.
    ///   - limit: bytes of the answer's body; more is an error.
    public func request(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        secureOnly: Bool = false, milliseconds: Int = 20_000, limit: Int = 1 << 22
    ) throws(HTTPFailure) -> HTTPReply {
        let transfer = try Transfer(
            method, url, headers: headers, body: body, secureOnly: secureOnly, limit: limit)
        let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        switch try run(transfer, deadline: deadline, silence: nil, onArrival: { true }) {
        case .deadline: throw HTTPFailure(reason: .timeout, message: "no answer within \(milliseconds / 1000) s")
        default: return transfer.finish()
        }
    }

    /// Reads an answer that does not end by itself.
    /// - Parameters:
    ///   - silence: milliseconds without a byte after which the link counts as dead: `HTTPFailure.Reason.timeout`.
    ///   - deadline: of `monotonicNanoseconds()`.
    ///   - onBytes: called with each piece of the body as it comes; false ends the stream.
    public func stream(
        _ url: String, headers: [(String, String)] = [], silence: Int, deadline: UInt64? = nil,
        onBytes: ([UInt8]) -> Bool
    ) throws(HTTPFailure) -> StreamEnd {
        let transfer = try Transfer("GET", url, headers: headers, body: nil, limit: Self.pieceLimit)
        let end = try run(transfer, deadline: deadline, silence: UInt64(silence) * 1_000_000) {
            if transfer.reply.status == 200 { return onBytes(transfer.takeArrived()) }
            return transfer.arrived.count < 65_536
        }
        return transfer.reply.status == 200 ? end : .refused(transfer.finish())
    }

    // MARK: The loop

    private func run(
        _ transfer: Transfer, deadline: UInt64?, silence: UInt64?, onArrival: () -> Bool
    ) throws(HTTPFailure) -> StreamEnd {
        curl_multi_add_handle(multi, transfer.handle)
        defer { curl_multi_remove_handle(multi, transfer.handle) }
        while true {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            if !transfer.arrived.isEmpty {
                guard onArrival() else { return .stopped }
                transfer.touch()
            }
            if let result = result(of: transfer) {
                guard result == CURLE_OK else { throw transfer.failure(result) }
                return .finished
            }
            let now = monotonicNanoseconds()
            if let deadline, now >= deadline { return .deadline }
            let dead = silence.map { transfer.activeAt + $0 }
            if let dead, now >= dead { throw HTTPFailure(reason: .timeout, message: "the server has gone silent") }
            try wait(until: [deadline, dead].compactMap(\.self).min(), now: now)
        }
    }

    /// How the transfer ended, or `nil` while it runs.
    private func result(of transfer: Transfer) -> CURLcode? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE, message.pointee.easy_handle == transfer.handle {
                return martlet_curl_result(message)
            }
        }
        return nil
    }

    private func wait(until end: UInt64?, now: UInt64) throws(HTTPFailure) {
        let milliseconds = end.map { Int32(clamping: ($0 - now) / 1_000_000 + 1) } ?? 1000
        if let interrupt {
            var watched = curl_waitfd(fd: interrupt.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            curl_multi_poll(multi, &watched, 1, milliseconds, nil)
            if interrupt.hasFired { throw HTTPFailure(reason: .interrupted, message: "interrupted") }
        } else {
            curl_multi_poll(multi, nil, 0, milliseconds, nil)
        }
    }
}

@available(*, unavailable)
extension HTTPClient: Sendable {}
