public import Core

/// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
public struct TrustedProxies: Sendable {
    private let ranges: [IPRange]

    public init(_ ranges: [IPRange] = []) {
        self.ranges = ranges
    }

    func contain(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    func contain(_ address: String) -> Bool {
        !ranges.isEmpty && IPAddress(address).map(contain) ?? false
    }
}
