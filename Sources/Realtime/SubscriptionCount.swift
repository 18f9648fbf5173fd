import Core

/// How many subscriptions to channels there are, of each user and of all.
struct SubscriptionCount {
    private var ofUser: [ID: Int] = [:]
    private(set) var total = 0

    func count(of user: ID) -> Int { ofUser[user] ?? 0 }

    mutating func add(_ user: ID) {
        ofUser[user, default: 0] += 1
        total += 1
    }

    mutating func remove(_ user: ID) {
        let left = count(of: user) - 1
        ofUser[user] = left > 0 ? left : nil
        total -= 1
    }
}
