public import Core

/// A notification for one of Apple's devices, and how it should be treated.
public struct APNsMessage: Sendable, Concealed {
    public static let longestPayload = 4096

    public enum Kind: String, Sendable, CaseIterable {
        /// Seen or heard.
        case alert
        /// Wakes the application; nobody sees it.
        case background
    }

    public enum Priority: Int, Sendable, CaseIterable {
        case atOnce = 10
        /// When it costs the battery little.
        case considerate = 5
        /// Not even the screen is woken for it.
        case low = 1
    }

    /// Where requests go: Apple's servers, or those of a test.
    public struct Hosts: Sendable, Equatable {
        public let production: String
        public let sandbox: String

        public static let apple = Hosts(
            production: "https://api.push.apple.com", sandbox: "https://api.sandbox.push.apple.com")

        /// - Parameter address: without a slash at its end.
        public init(all address: String) { self.init(production: address, sandbox: address) }

        private init(production: String, sandbox: String) { (self.production, self.sandbox) = (production, sandbox) }
    }

    private let payload: [UInt8]
    private let headers: [PushHeader]

    /// - Parameters:
    ///   - payload: a JSON object with `aps`, at most 4,096 bytes.
    ///   - id: a UUID in lower case, the same for each attempt. Apple drops no duplicate by it.
    ///   - expires: seconds since 1970; 0: only who is there gets it.
    ///   - collapseID: a notification takes the place of one of the same; 1 to 64 bytes.
    public init(
        payload: [UInt8], id: String, kind: Kind = .alert, priority: Priority? = nil, expires: Int64,
        collapseID: String? = nil
    ) throws(InvalidPush) {
        try Checks.checkPayload(payload, longest: Self.longestPayload)
        guard Self.isID(id) else { throw InvalidPush("id", "must be a UUID in lower case") }
        guard expires >= 0 else { throw InvalidPush("expires", "must not be before 1970") }
        let priority = priority ?? (kind == .background ? .considerate : .atOnce)
        guard kind == .alert || priority != .atOnce else {
            throw InvalidPush("priority", "must be 5 or 1 for what nobody sees")
        }
        var headers = [
            PushHeader("apns-push-type", kind.rawValue), PushHeader("apns-id", id),
            PushHeader("apns-priority", String(priority.rawValue)), PushHeader("apns-expiration", String(expires)),
        ]
        if let collapseID {
            guard Checks.isHeaderText(collapseID, 1...64) else {
                throw InvalidPush("collapse_id", "must be 1 to 64 bytes of printable ASCII")
            }
            headers.append(PushHeader("apns-collapse-id", collapseID))
        }
        (self.payload, self.headers) = (payload, headers)
    }

    /// - Parameter token: of `APNsTokens`.
    public func request(to device: APNsDevice, token: String, hosts: Hosts = .apple) -> PushRequest {
        PushRequest(
            url: (device.isSandbox ? hosts.sandbox : hosts.production) + "/3/device/" + device.token,
            headers: [
                PushHeader("authorization", "bearer " + token), PushHeader("apns-topic", device.topic),
            ] + headers, body: payload)
    }

    /// A UUID in lower case, as Apple wants it.
    public static func isID(_ text: String) -> Bool {
        let lengths = text.split(separator: "-", omittingEmptySubsequences: false).map(\.utf8.count)
        return lengths == [8, 4, 4, 4, 12]
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) || $0 == UInt8(ascii: "-") }
    }
}
