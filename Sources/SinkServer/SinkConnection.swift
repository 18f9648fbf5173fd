import Core
import Glibc
import Push
import Runtime
import Sink
import TLS

/// A connection to the sink: TLS or plain, by its first byte; HTTP/2 or HTTP/1.1, by what TLS agreed on. Lives on its loop's
/// thread.
final class SinkConnection {
    /// What becomes of a request.
    enum End {
        case respond(PushResponse)
        case close
        case refuseStream
        case goAway
    }

    /// Bytes that may wait to be read by the peer before it is given up.
    private static let mostWaiting = 4 << 20
    private static let tlsHandshake: UInt8 = 0x16

    private enum Speech {
        case unknown
        case one(HTTP1Session)
        case two(HTTP2Session)
    }

    private let descriptor: Int32
    private let tls: TLSServer
    private let bodyLimit: Int
    private var watch: FileWatch!
    private var session: TLSConnection?
    private var isPlain = false
    private var speech = Speech.unknown
    private var output: [UInt8] = []
    private var written = 0
    private var closesWhenWritten = false
    private var isClosed = false
    private var isReading = false
    private(set) var usedAt = monotonicNanoseconds()
    private let serve: (SinkRequest, _ isHTTP2: Bool, @escaping (End) -> Void) -> Void
    private let closed: (SinkConnection) -> Void

    /// - Parameters:
    ///   - serve: told of each request; the closure that it gets may be called later, once.
    ///   - closed: told when it is over.
    init(
        on loop: EventLoop, descriptor: Int32, tls: TLSServer, bodyLimit: Int,
        serve: @escaping (SinkRequest, _ isHTTP2: Bool, @escaping (End) -> Void) -> Void,
        closed: @escaping (SinkConnection) -> Void
    ) {
        (self.descriptor, self.tls, self.bodyLimit, self.serve, self.closed) = (
            descriptor, tls, bodyLimit, serve, closed
        )
        watch = FileWatch(on: loop, descriptor: descriptor) { [unowned self] events in ready(events) }
        watch.watch(.readable)
    }

    private func ready(_ events: FileWatch.Events) {
        if events.contains(.readable) { read() }
        if !isClosed, events.contains(.writable) { flush() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        watch.cancel()
        Glibc.close(descriptor)
        speech = .unknown
        closed(self)
    }

    // MARK: In

    private func read() {
        let count = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { room in
            let count = recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 {
                isReading = true
                receive(UnsafeRawBufferPointer(rebasing: room[..<count]))
                isReading = false
            }
            return count
        }
        if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return close() }
        if count > 0, !isClosed { flush() }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        usedAt = monotonicNanoseconds()
        if session == nil, !isPlain {
            if bytes[0] == Self.tlsHandshake { session = TLSConnection(tls) } else { isPlain = true }
        }
        guard let session else {
            if case .unknown = speech { speech = .one(HTTP1Session(bodyLimit: bodyLimit)) }
            return hear([UInt8](bytes))
        }
        let plain = session.receive(bytes)
        if case .unknown = speech, let isHTTP2 = session.isHTTP2 { begin(isHTTP2) }
        if !plain.isEmpty { hear(plain) }
        if session.isOver { closesWhenWritten = true }
    }

    private func begin(_ isHTTP2: Bool) {
        guard isHTTP2 else {
            speech = .one(HTTP1Session(bodyLimit: bodyLimit))
            return
        }
        let two = HTTP2Session(bodyLimit: bodyLimit)
        two.onRequest = { [unowned self] id, request in
            guard let request else { return end(.respond(PushResponse(status: 413)), of: id) }
            serve(request, true) { [weak self] end in self?.end(end, of: id) }
        }
        speech = .two(two)
    }

    private func hear(_ plain: [UInt8]) {
        switch speech {
        case .unknown: close()
        case .one(var one):
            one.receive(plain)
            speech = .one(one)
            // Who sends requests without waiting for responses sends no more than a few.
            if one.waiting > 2 * bodyLimit { return close() }
            serveNext()
        case .two(let two):
            if !two.receive(plain) { closesWhenWritten = true }
        }
    }

    private func serveNext() {
        guard case .one(var one) = speech else { return }
        let event = one.next()
        speech = .one(one)
        switch event {
        case .none: break
        case .continueWanted:
            send(HTTP1Session.goOn)
            serveNext()
        case .request(let request): serve(request, false) { [weak self] end in self?.end(end, of: 0) }
        case .failure(let response): end(.respond(response), of: 0)
        }
    }

    // MARK: Out

    private func end(_ end: End, of id: Int32) {
        guard !isClosed else { return }
        switch (speech, end) {
        case (_, .close): return close()
        case (.one(var one), .respond(let response)):
            send(one.respond(response))
            speech = .one(one)
            if one.keepsAlive { serveNext() } else { closesWhenWritten = true }
        // HTTP/1.1 has no word for it.
        case (.one, .refuseStream), (.one, .goAway): return close()
        case (.two(let two), .respond(let response)): two.respond(id, response)
        case (.two(let two), .refuseStream): two.reset(id, isRefused: true)
        case (.two(let two), .goAway): two.goAway(at: id)
        case (.unknown, _): break
        }
        if !isReading { flush() }
    }

    private func send(_ plain: [UInt8]) {
        if let session { session.send(plain) } else { output += plain }
    }

    private func flush() {
        if case .two(let two) = speech {
            let frames = two.takeOutput()
            if !frames.isEmpty { session?.send(frames) }
            if two.isOver { closesWhenWritten = true }
        }
        if let session { output += session.takeOutput() }
        while written < output.count {
            let count = output.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + written, $0.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                guard errno == EAGAIN || errno == EINTR else { return close() }
                guard output.count - written <= Self.mostWaiting else { return close() }
                return watch.watch([.readable, .writable])
            }
            written += count
        }
        (output, written) = ([], 0)
        if closesWhenWritten { return close() }
        watch.watch(.readable)
    }
}

@available(*, unavailable)
extension SinkConnection: Sendable {}
