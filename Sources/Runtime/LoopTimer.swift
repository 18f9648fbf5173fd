import CUv

/// A timer on a loop. Made, changed and cancelled on the loop's thread; it ends with `cancel()` or with its owner.
public final class LoopTimer {
    private let handle: UnsafeMutablePointer<uv_timer_t>
    private let action: () -> Void

    /// - Parameters:
    ///   - after: milliseconds from now.
    ///   - repeating: milliseconds between firings, 0 for once.
    public init(on loop: EventLoop, after: Int, repeating: Int = 0, _ action: @escaping () -> Void) {
        loop.assertCurrent()
        self.action = action
        handle = martlet_uv_timer_new()
        let uv = loop.raw.assumingMemoryBound(to: uv_loop_t.self)
        uv_timer_init(uv, handle)
        // uv_timer_start counts from the time at which this turn of the loop began.
        uv_update_time(uv)
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_timer_start(handle, Self.fired, UInt64(max(0, after)), UInt64(max(0, repeating)))
    }

    private static let fired: uv_timer_cb = { handle in
        let timer = Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
        withExtendedLifetime(timer) { timer.action() }
    }

    private var open = true

    /// From now on it fires once, then; not at all before.
    /// - Parameter after: milliseconds; `nil`: it rests until the next call.
    public func reset(after: Int?) {
        guard open else { return }
        guard let after else {
            uv_timer_stop(handle)
            return
        }
        uv_update_time(handle.pointee.loop)
        uv_timer_start(handle, Self.fired, UInt64(max(0, after)), 0)
    }

    public func cancel() {
        guard open else { return }
        open = false
        handle.pointee.data = nil
        uv_timer_stop(handle)
        handle.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { martlet_uv_close_and_free($0) }
    }

    deinit { cancel() }
}
