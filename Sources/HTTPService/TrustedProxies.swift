public import Core
public import Sockets

/// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
public struct TrustedProxies: Sendable {
    private let ranges: [IPRange]

    public init(_ ranges: [IPRange] = []) {
        self.ranges = ranges
    }

    public func contain(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    func contain(_ address: String) -> Bool {
        !ranges.isEmpty && IPAddress(address).map(contain) ?? false
    }

    // MARK: Who asks

    /// Whose limits count the request: the client's address, of IPv6 the network, for a customer has all of it.
    public func callerAddress(of request: HTTPRequest) -> String {
        caller(of: request)?.customer ?? request.remoteAddress
    }

    /// Who holds what the request takes; `nil` where a trusted proxy does not say for whom it asks.
    public func client(of request: HTTPRequest) -> IPAddress? {
        caller(of: request).flatMap { contain($0) ? nil : $0 }
    }

    /// Behind trusted proxies the last address that is not theirs; what comes before one that can't be read is not
    /// believed.
    private func caller(of request: HTTPRequest) -> IPAddress? {
        guard var caller = IPAddress(request.remoteAddress) else { return nil }
        guard contain(caller) else { return caller }
        // No list of quoted strings: what a client puts before the proxy's part must not hide it. Nor may it cost anything.
        var rest = request.headers.all("x-forwarded-for").joined(separator: ",")[...]
        while !rest.isEmpty, contain(caller) {
            let comma = rest.utf8.lastIndex(of: UInt8(ascii: ","))
            let hop = comma.map { rest[$0...].dropFirst() } ?? rest
            rest = comma.map { rest[..<$0] } ?? ""
            // Nothing between two commas is no hop.
            if hop.isEmpty { continue }
            guard let address = IPAddress(forwarded: hop) else { break }
            caller = address
        }
        return caller
    }
}
