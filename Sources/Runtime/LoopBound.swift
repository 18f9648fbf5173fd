import Synchronization

/// Carries a value that is not `Sendable` and belongs to a loop: it is made, used and freed on the loop's thread.
///
/// `@unchecked Sendable`: `stored` is touched on the loop's thread only, which `value` checks.
public final class LoopBound<Value>: @unchecked Sendable {
    public let loop: EventLoop
    private var stored: Value?

    /// Makes the value later, on the loop; jobs given to `run` come after that.
    public init(on loop: EventLoop, making make: @escaping @Sendable () -> Value) {
        self.loop = loop
        loop.post { self.stored = make() }
    }

    /// Wraps a value that exists, on its loop.
    public static func holding(_ value: Value, on loop: EventLoop) -> LoopBound {
        LoopBound(loop, value)
    }

    private init(_ loop: EventLoop, _ value: Value) {
        loop.assertCurrent()
        self.loop = loop
        stored = value
    }

    /// On the loop's thread only.
    public var value: Value {
        loop.assertCurrent()
        return stored!
    }

    /// Runs the job on the loop's thread, later.
    /// - Parameter dropped: as in `EventLoop.post`.
    public func run(_ job: @escaping @Sendable (Value) -> Void, orElse dropped: (@Sendable () -> Void)? = nil) {
        loop.post({ job(self.stored!) }, orElse: dropped)
    }

    deinit {
        guard let last = stored.take(), !loop.isCurrent else { return }
        let box = LoopBound<Value>.Last(last)
        loop.post { _ = box }
    }

    /// `@unchecked Sendable`: carries the last reference to the loop's thread and is never read.
    private final class Last: @unchecked Sendable {
        private let value: Value
        init(_ value: Value) { self.value = value }
    }
}
