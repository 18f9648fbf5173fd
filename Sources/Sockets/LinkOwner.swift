/// Who has a link, and hears what happens to it.
protocol LinkOwner: AnyObject {
    /// - Returns: false to have lws close the connection.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool

    /// The kernel has taken what lws kept.
    func drained()

    /// lws has closed the connection, at our word or at the peer's.
    func lost()
}
