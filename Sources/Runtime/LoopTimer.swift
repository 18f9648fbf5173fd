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
        uv_timer_start(
            handle,
            { handle in
                let timer = Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
                withExtendedLifetime(timer) { timer.action() }
            }, UInt64(max(0, after)), UInt64(max(0, repeating)))
    }

    private var open = true

    public func cancel() {
        guard open else { return }
        open = false
        handle.pointee.data = nil
        uv_timer_stop(handle)
        handle.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { martlet_uv_close_and_free($0) }
    }

    deinit { cancel() }
}
