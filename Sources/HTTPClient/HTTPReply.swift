/// What a server answered.
public struct HTTPReply: Sendable {
    public internal(set) var status = 0
    /// In the order received, names as they came.
    public internal(set) var headers: [(name: String, value: String)] = []
    public internal(set) var body: [UInt8] = []

    /// The first value of a header; names are told apart without regard to case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why there is no answer, or not the whole of it.
public struct HTTPFailure: Error, Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// The address or a header is not one that can be sent. Nothing was sent.
        case invalidRequest
        /// No connection: name, network, port or TLS.
        case unreachable
        /// The time given was over, or nothing came for too long.
        case timeout
        /// The body has more bytes than were allowed.
        case tooLarge
        /// The interrupt has fired.
        case interrupted
        /// The connection broke, or what came was not HTTP.
        case broken
    }

    public let reason: Reason
    /// A few words in English, perhaps with text of the server in it.
    public let message: String
}
