public import Core
import Crypto
import Glibc
import Push
public import Runtime
import Sink
import TLS

/// Push services and webhooks on one port: HTTP/2 and HTTP/1.1 over TLS, and plain HTTP/1.1. They check what they get as the
/// real ones do, decrypt it, and fail by a script. Lives on its loop's thread.
public final class SinkServer {
    static let bodyLimit = 65_536
    private static let mostConnections = 1024
    /// Requests whose response is delayed.
    private static let mostWaiting = 10_000
    /// Nanoseconds without a request after which a connection is closed.
    private static let idleTime: UInt64 = 300_000_000_000

    /// Where it is and what senders need, as JSON.
    public let about: JSONValue
    public let port: UInt16
    private let loop: EventLoop
    private let tls: TLSServer
    private let box: SinkSiteBox
    private let control: SinkControl
    private let clock = SystemClock()
    private let told: (JSONValue) -> Void
    private var listener: SinkListener!
    private var connections: [ObjectIdentifier: SinkConnection] = [:]
    private var waiting: [ObjectIdentifier: LoopTimer] = [:]
    private var sweep: LoopTimer?

    /// - Parameter told: gets what came, a value for each request.
    /// - Throws: what is wrong with address, port or folder, in words.
    public init(on loop: EventLoop, _ options: SinkServerOptions, told: @escaping (JSONValue) -> Void) throws {
        self.loop = loop
        self.told = told
        guard
            let certificates = Certificates(
                names: [options.name] + (options.name == "localhost" ? [] : ["localhost"]),
                addresses: ["127.0.0.1", "::1"]),
            let tls = TLSServer(certificate: certificates.server, key: certificates.serverKey)
        else { throw SinkListener.Failure(description: "\(options.name) is no name for a certificate") }
        self.tls = tls
        // Connections come later: they need what is made below.
        var taken: ((Int32) -> Void)?
        let listener = try SinkListener(on: loop, address: options.address, port: options.port) { taken?($0) }
        guard let origin = Origin("https://\(options.name):\(listener.port)") else {
            listener.close()
            throw SinkListener.Failure(description: "\(options.name) is no name of a host")
        }
        let keys = SinkKeys()
        let files = try SinkFiles(in: options.folder, certificates, keys, origin)
        box = SinkSiteBox(origin, keys.site(origin), kept: options.kept)
        port = listener.port
        about = files.about(origin, keys)
        control = SinkControl(box, about: about)
        self.listener = listener
        taken = { [unowned self] in take($0) }
        sweep = LoopTimer(on: loop, after: 10_000, repeating: 10_000) { [unowned self] in closeIdle() }
    }

    public func close() {
        listener.close()
        for connection in Array(connections.values) { connection.close() }
        waiting = [:]
        sweep = nil
    }

    private func take(_ descriptor: Int32) {
        guard connections.count < Self.mostConnections else {
            Glibc.close(descriptor)
            return
        }
        let connection = SinkConnection(
            on: loop, descriptor: descriptor, tls: tls, bodyLimit: Self.bodyLimit,
            serve: { [unowned self] request, isHTTP2, end in serve(request, isHTTP2, end) },
            closed: { [unowned self] in connections[ObjectIdentifier($0)] = nil })
        connections[ObjectIdentifier(connection)] = connection
    }

    private func closeIdle() {
        let now = monotonicNanoseconds()
        for connection in Array(connections.values) where now - connection.usedAt > Self.idleTime { connection.close() }
    }

    private func serve(_ request: SinkRequest, _ isHTTP2: Bool, _ end: @escaping (SinkConnection.End) -> Void) {
        let now = clock.milliseconds()
        if request.path == SinkControl.path || request.path.hasPrefix(SinkControl.path + "/") {
            return end(.respond(control.respond(to: request, now: now)))
        }
        let outcome = box.site.receive(request, now: now)
        told(box.received.add(request, outcome, isHTTP2: isHTTP2, now: now))
        let how: SinkConnection.End =
            if let response = outcome.response {
                .respond(response)
            } else {
                switch outcome.ends {
                case .connection: .close
                case .refusedStream: .refuseStream
                case .goAway: .goAway
                }
            }
        guard outcome.delay > 0 else { return end(how) }
        guard waiting.count < Self.mostWaiting else { return end(.close) }
        var key: ObjectIdentifier?
        let timer = LoopTimer(on: loop, after: Int(outcome.delay)) { [unowned self] in
            end(how)
            if let key { waiting[key] = nil }
        }
        key = ObjectIdentifier(timer)
        waiting[ObjectIdentifier(timer)] = timer
    }
}

@available(*, unavailable)
extension SinkServer: Sendable {}
