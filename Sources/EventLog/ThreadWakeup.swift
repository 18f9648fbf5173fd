import CLibrdkafka
import Glibc

/// Wakes one waiting thread: by other threads, and by librdkafka, which writes to the descriptor.
final class ThreadWakeup: Sendable {
    let descriptor: Int32

    init() {
        descriptor = martlet_eventfd()
        precondition(descriptor >= 0, "eventfd: \(errno)")
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Returns on a signal, also one from before, or when the time is over.
    func wait(milliseconds: Int) {
        var watch = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watch, 1, Int32(milliseconds)) > 0 else { return }
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
