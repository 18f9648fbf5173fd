/// Who has a link, and hears what happens to it.
protocol LinkOwner: AnyObject {
    /// - Returns: false to have lws close the connection.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool

    /// The kernel has taken what lws kept.
    func drained()

    /// What was gathered could not go out at once: it waits with lws, or the connection is broken.
    /// - Parameter count: bytes of the whole run.
    func gatheredWaits(_ count: Int, isAlive: Bool)

    /// lws has closed the connection, at our word or at the peer's.
    func lost()
}
