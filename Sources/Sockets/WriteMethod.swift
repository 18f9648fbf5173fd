import Core

/// How what event streams and WebSockets are sent in one turn of the loop reaches the kernel.
public enum WriteMethod: String, Sendable, CaseIterable {
    /// By io_uring where the kernel allows it, as `send` otherwise.
    case automatic = "auto"
    /// All of them in one system call. Not to be had where a container's rules forbid io_uring.
    case ring = "io_uring"
    /// Each connection by a system call of its own.
    case send

    /// Tries it, with real sends. What was chosen is logged.
    /// - Parameter make: the kernel's word on it.
    func makeBatch(
        _ make: () throws(SocketError) -> SendRing = { () throws(SocketError) in try SendRing() }
    ) throws(SocketError) -> WriteBatch {
        guard self != .send else { return WriteBatch() }
        do throws(SocketError) {
            let ring = try make()
            try ring.check()
            Log.info(.writesChosen, ["way": .text(Self.ring.rawValue)])
            return WriteBatch(ring)
        } catch {
            guard self == .automatic else { throw error }
            Log.info(.writesChosen, ["way": .text(Self.send.rawValue), "because": .text(error.description)])
            return WriteBatch()
        }
    }
}
