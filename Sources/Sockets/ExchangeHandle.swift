import Core
import Runtime
import Synchronization

/// Answers an exchange from any thread or task: what it is given is done on the exchange's loop. When all copies of
/// the handle are let go of without an answer, the client gets 500.
public struct ExchangeHandle: Sendable {
    private let box: Box

    private final class Box: Sendable {
        let exchange: LoopBound<HTTPExchange>
        let answered = Atomic<Bool>(false)

        init(_ exchange: HTTPExchange) {
            self.exchange = .holding(exchange, on: exchange.loop)
        }

        deinit {
            if !answered.load(ordering: .acquiring) { exchange.run { $0.forgotten() } }
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
        box.exchange.run { $0.respond(response) }
    }

    /// Runs the body on the loop with the exchange, such as to begin a stream. It must answer, or keep the exchange.
    public func withExchange(_ body: @escaping @Sendable (HTTPExchange) -> Void) {
        box.answered.store(true, ordering: .releasing)
        box.exchange.run(body)
    }
}

extension HTTPExchange {
    /// For other threads and for tasks. While a handle is kept, the exchange is.
    public var handle: ExchangeHandle { ExchangeHandle(self) }

    /// Nobody is left who could answer.
    func forgotten() {
        guard case .waiting = state else { return }
        Log.error("a request was let go of without an answer")
        respond(HTTPResponse(status: 500))
    }
}
