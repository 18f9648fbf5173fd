import Core
import Glibc
import Runtime
import Synchronization

@testable import Sockets

/// A handler whose answers are closures: each test says what it needs. The closures run on the server's loop.
final class ScriptedHandler: ServerHandler {
    let loop: EventLoop
    private var timers: [LoopTimer] = []

    init(_ loop: EventLoop) { self.loop = loop }

    /// Milliseconds from now.
    func after(_ milliseconds: Int, _ action: @escaping () -> Void) {
        timers.append(LoopTimer(on: loop, after: milliseconds, action))
    }

    var onRequest: (HTTPRequest, HTTPExchange) -> Void = { request, exchange in
        exchange.respond(HTTPResponse(status: 200, body: Array("\(request.method) \(request.target)".utf8)))
    }
    var onUpgrade: (HTTPRequest) -> UpgradeVerdict = { _ in .accept(subprotocol: nil) }
    var onOpen: (WebSocket, HTTPRequest) -> Void = { socket, _ in
        socket.onMessage = { [unowned socket] payload, _ in socket.send(text: String(decoding: payload, as: UTF8.self))
        }
    }

    /// Addresses that pass on requests; whose they are is in the field `Client`.
    var proxies: Set<String> = []

    func isProxy(_ peer: IPAddress) -> Bool { proxies.contains { IPAddress($0) == peer } }
    func client(of request: HTTPRequest) -> IPAddress? { request.headers.only("client").flatMap { IPAddress($0) } }

    func received(_ request: HTTPRequest, _ exchange: HTTPExchange) { onRequest(request, exchange) }

    func refused(_ error: HTTPRequestError, remoteAddress: String) -> HTTPResponse {
        HTTPResponse(status: error.status, headers: [("X-Kind", "\(error.kind)")], body: Array(error.detail.utf8))
    }

    func upgrade(_ request: HTTPRequest) -> UpgradeVerdict { onUpgrade(request) }
    func opened(_ socket: WebSocket, _ request: HTTPRequest) { onOpen(socket, request) }
}

extension WebSocket {
    func send(text: String) { send(texts: [Array(text.utf8)]) }
}

/// What happened, seen from the loop and waited for by tests.
final class Record: Sendable {
    private let entries = Mutex<[String]>([])

    func add(_ entry: String) { entries.withLock { $0.append(entry) } }
    var all: [String] { entries.withLock { $0 } }

    /// Blocks the calling thread, at most 5 s.
    func wait(for entry: String) throws {
        try eventually("the entry \(entry), saw \(all)") { self.all.contains(entry) }
    }
}

struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Looks again every 2 ms, at most for 5 s.
func eventually(_ what: String, _ condition: () -> Bool) throws {
    let limit = monotonicNanoseconds() + 5_000_000_000
    while !condition() {
        guard monotonicNanoseconds() < limit else { throw NeverHappened(description: "waited in vain for \(what)") }
        usleep(2000)
    }
}

/// Runs the body on a thread of its own: test clients block.
func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        startThread(name: "client") { continuation.resume(with: Result { try body() }) }
    }
}

/// Runs the body against a server on a loop of its own, then closes the server.
func withServer<T: Sendable>(
    _ options: ServerOptions = .forTests, _ prepare: @escaping @Sendable (ScriptedHandler) -> Void = { _ in },
    _ body: @escaping @Sendable (ServerHandle) throws -> T
) async throws -> T {
    _ = ignoreBrokenPipes
    let loop = EventLoop(name: "test")
    let server = try await SocketServer.start(on: loop, options: options) {
        let handler = ScriptedHandler(loop)
        prepare(handler)
        return handler
    }
    let result: Result<T, any Error>
    do { result = .success(try await onThread { try body(server) }) } catch { result = .failure(error) }
    await server.close()
    loop.stop()
    return try result.get()
}

/// `Signals.block` does it in the real process.
private let ignoreBrokenPipes: Void = {
    signal(SIGPIPE, SIG_IGN)
    Log.setLevel(.error)
}()

extension ServerOptions {
    static var forTests: ServerOptions {
        var options = ServerOptions()
        options.address = "127.0.0.1"
        options.port = 0
        options.webSocketPaths = ["/ws"]
        return options
    }

    static func with(_ change: (inout ServerOptions) -> Void) -> ServerOptions {
        var options = forTests
        change(&options)
        return options
    }
}

extension WriteMethod {
    /// The ways that this machine allows.
    static let possible: [WriteMethod] = (try? SendRing()) == nil ? [.send] : [.send, .ring]
}

extension ServerOptions {
    static func writing(_ way: WriteMethod, _ change: (inout ServerOptions) -> Void = { _ in }) -> ServerOptions {
        with {
            $0.writes = way
            change(&$0)
        }
    }
}

extension ServerHandle {
    /// CPU time that the loop's thread has used so far. Blocks the calling thread.
    func cpuMilliseconds() -> Int {
        let record = Record()
        let done = Gate()
        onLoop { _ in
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            record.add("\(time.tv_sec * 1000 + time.tv_nsec / 1_000_000)")
            done.open()
        }
        done.wait()
        return Int(record.all[0])!
    }
}
