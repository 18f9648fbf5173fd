import CUv

/// Something that is done in each turn of a loop, when all that had come was worked on and before it waits for more. Lives on
/// its loop's thread; ends with its owner.
public final class BeforeWaiting {
    private let handle: UnsafeMutablePointer<uv_prepare_t>
    private let action: () -> Void

    public init(on loop: EventLoop, _ action: @escaping () -> Void) {
        loop.assertCurrent()
        self.action = action
        handle = martlet_uv_prepare_new()
        uv_prepare_init(loop.raw.assumingMemoryBound(to: uv_loop_t.self), handle)
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_prepare_start(handle) { handle in
            guard let data = handle!.pointee.data else { return }
            Unmanaged<BeforeWaiting>.fromOpaque(data).takeUnretainedValue().action()
        }
    }

    deinit {
        handle.pointee.data = nil
        uv_prepare_stop(handle)
        handle.withMemoryRebound(to: uv_handle_t.self, capacity: 1) { martlet_uv_close_and_free($0) }
    }
}
