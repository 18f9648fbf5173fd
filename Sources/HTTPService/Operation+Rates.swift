import Core

extension Operation {
    /// The buckets of which a request takes a token each, one after the other. The first that has none refuses it.
    /// - Parameters:
    ///   - user: `nil`: nobody is signed in, or it does not matter here who is.
    ///   - address: whose limits count the request.
    func buckets(user: ID?, address: String) -> [(key: String, rate: RateLimiter.Rate)] {
        guard rate != .free else { return [] }
        var buckets: [(key: String, rate: RateLimiter.Rate)] = []
        if let user {
            buckets.append((key: "\(rate.rawValue) u\(user)", rate: RateLimits.user[rate]!))
            buckets.append((key: "\(rate.rawValue) c\(address)", rate: RateLimits.crowd[rate]!))
        } else {
            buckets.append((key: "\(rate.rawValue) a\(address)", rate: RateLimits.address[rate]!))
        }
        if let addressRate { buckets.append((key: "\(id) a\(address)", rate: addressRate)) }
        return buckets
    }
}
