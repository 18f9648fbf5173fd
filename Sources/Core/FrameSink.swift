/// Where a connection's bytes go.
public protocol FrameSink: AnyObject {
    /// Bytes of an earlier write still wait: write nothing now.
    var isBacklogged: Bool { get }
    /// Takes whole frames; does not keep the pointer.
    func write(_ bytes: UnsafeRawBufferPointer)
}
