import Core
import Runtime
import Synchronization

/// Answers an exchange from any thread or task: what it is given is done on the exchange's loop. When all copies of
/// the handle are let go of without an answer, the client gets 500.
public struct ExchangeHandle: Sendable {
    private let box: Box

    /// Carries the exchange as an address, because it may be touched on its loop only: the box holds one retain,
    /// which is given back there.
    private final class Box: Sendable {
        let loop: EventLoop
        let address: UInt
        let answered = Atomic<Bool>(false)

        init(_ exchange: HTTPExchange) {
            loop = exchange.loop
            address = UInt(bitPattern: Unmanaged.passRetained(exchange).toOpaque())
        }

        deinit {
            let address = address
            let forgotten = !answered.load(ordering: .acquiring)
            loop.post {
                let exchange = Box.reference(address).takeRetainedValue()
                if forgotten { exchange.forgotten() }
            }
        }

        static func reference(_ address: UInt) -> Unmanaged<HTTPExchange> {
            Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: address)!)
        }
    }

    init(_ exchange: HTTPExchange) {
        box = Box(exchange)
    }

    /// As `HTTPExchange.respond`, later. A second answer is dropped with a log line.
    public func respond(_ response: HTTPResponse) {
        guard !box.answered.exchange(true, ordering: .acquiringAndReleasing) else {
            Log.error("a request was answered twice", ["status": .number(Int64(response.status))])
            return
        }
        onLoop { $0.respond(response) }
    }

    /// Runs the body on the loop with the exchange, such as to begin a stream. It must answer, or keep the exchange.
    public func withExchange(_ body: @escaping @Sendable (HTTPExchange) -> Void) {
        box.answered.store(true, ordering: .releasing)
        onLoop(body)
    }

    private func onLoop(_ body: @escaping @Sendable (HTTPExchange) -> Void) {
        box.loop.post { [box] in
            body(Box.reference(box.address).takeUnretainedValue())
        }
    }
}

extension HTTPExchange {
    /// Nobody is left who could answer.
    func forgotten() {
        guard case .waiting = state else { return }
        Log.error("a request was let go of without an answer")
        respond(HTTPResponse(status: 500))
    }
}
