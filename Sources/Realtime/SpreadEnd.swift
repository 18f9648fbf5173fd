import Runtime

/// Does something to all there are in shares that are spread over ten seconds. Lives on a loop.
final class SpreadEnd {
    private static let milliseconds = 10_000
    private static let shares = 50

    /// Of those that are still there, some by chance; at the last time all.
    struct Share {
        fileprivate let left: Int
        var isTaken: Bool { left <= 1 || Int.random(in: 0..<left) == 0 }
    }

    private var timer: LoopTimer?

    /// One that is under way is done in the new one's time.
    func begin(on loop: EventLoop, _ action: @escaping (Share) -> Void) {
        cancel()
        var left = Self.shares
        timer = LoopTimer(on: loop, after: 0, repeating: Self.milliseconds / Self.shares) { [unowned self] in
            action(Share(left: left))
            left -= 1
            if left == 0 { cancel() }
        }
    }

    func cancel() {
        timer?.cancel()
        timer = nil
    }
}

@available(*, unavailable)
extension SpreadEnd: Sendable {}
