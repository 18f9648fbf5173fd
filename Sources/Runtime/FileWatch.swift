import CUv

/// Tells when a file descriptor can be read or written. Lives on its loop's thread; the descriptor stays its owner's.
public final class FileWatch {
    public struct Events: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let readable = Events(rawValue: 1)
        public static let writable = Events(rawValue: 2)
    }

    private let handle: UnsafeMutablePointer<uv_poll_t>
    private let action: (Events) -> Void
    private var open = true
    public private(set) var watched: Events = []

    /// - Parameter action: called with what is ready; an error on the descriptor is told as ready for all that is
    ///   watched, so that the owner's next call on it meets the error itself.
    public init(on loop: EventLoop, descriptor: Int32, _ action: @escaping (Events) -> Void) {
        loop.assertCurrent()
        self.action = action
        handle = martlet_uv_poll_new()
        uv_poll_init(loop.raw.assumingMemoryBound(to: uv_loop_t.self), handle, descriptor)
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    public func watch(_ events: Events) {
        guard open, events != watched else { return }
        watched = events
        guard !events.isEmpty else {
            uv_poll_stop(handle)
            return
        }
        uv_poll_start(handle, events.rawValue) { handle, status, events in
            guard let data = handle!.pointee.data else { return }
            let watch = Unmanaged<FileWatch>.fromOpaque(data).takeUnretainedValue()
            withExtendedLifetime(watch) {
                let ready = status < 0 ? watch.watched : Events(rawValue: events & 3)
                // libuv stops watching a descriptor that has failed.
                if status < 0 { watch.watched = [] }
                watch.action(ready)
            }
        }
    }

    public func cancel() {
        guard open else { return }
        open = false
        watched = []
        handle.pointee.data = nil
        uv_poll_stop(handle)
        handle.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { martlet_uv_close_and_free($0) }
    }

    deinit { cancel() }
}
