import Runtime

/// Carries a value that belongs to a loop's thread through Sendable handles and closures.
///
/// `@unchecked Sendable`: other threads may hold and copy it; the value itself is reached through `value` alone, and
/// that traps on any other thread than the loop's. Whoever binds a class makes its `close()` let go of all handles of
/// the loop, so that it does not matter on which thread the last reference ends.
struct LoopBound<Value>: @unchecked Sendable {
    private let stored: Value
    private let loop: EventLoop

    init(_ value: Value, to loop: EventLoop) {
        stored = value
        self.loop = loop
    }

    var value: Value {
        precondition(loop.isCurrent, "reached from another thread than that of its loop")
        return stored
    }
}
