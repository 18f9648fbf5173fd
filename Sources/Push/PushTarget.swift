import Core

/// Where pushes go.
enum PushTarget {
    /// Where a device's or a webhook's address leads.
    /// - Parameter allowsLoopback: plain http, too, to this machine: for tests.
    static func origin(of text: String, _ field: String, allowsLoopback: Bool) throws(InvalidPush) -> Origin {
        guard let origin = WebAddress.secureOrigin(of: text, allowsLoopback: allowsLoopback) else {
            throw InvalidPush(
                field, "must be an https address of at most \(WebAddress.longest) bytes, without user and fragment")
        }
        // Plain http is taken to this machine alone.
        let isOurs =
            allowsLoopback && WebAddress.secureOrigin(of: "http://\(origin.host)", allowsLoopback: true) != nil
        guard isOurs || PublicHost.mayBePublic(origin.host) else {
            throw InvalidPush(field, "must be an address of a public host, and of no private network")
        }
        return origin
    }
}
