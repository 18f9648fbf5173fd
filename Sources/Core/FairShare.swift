/// Something that many share, such as bytes or connections. Nobody may have more of it than is still free for all: who is
/// alone gets half, two get a third each, and there is always room for the next. (Switches share their buffers by the
/// same rule, "dynamic threshold".) No clock and no I/O.
public struct FairShare: Sendable {
    /// Who has a part. Where both are known, the rule holds for both.
    public struct Holder: Sendable, Hashable {
        /// Its network counts (`IPAddress.network`). `nil`: it is not known, or stands for many.
        public var address: IPAddress?
        public var user: ID?

        public init(address: IPAddress?, user: ID? = nil) {
            self.address = address
            self.user = user
        }
    }

    /// Of an IPv6 site: what its networks have together, and how many these are.
    private struct Site {
        var amount = 0
        var networks = 0
    }

    /// A site with more networks than this is taken for one holder.
    static let networksOfASite = 16

    public let total: Int
    /// What one holder may have at most, however much is free.
    public let most: Int
    public private(set) var used = 0
    private var networks: [IPAddress: Int] = [:]
    private var sites: [IPAddress: Site] = [:]
    private var users: [ID: Int] = [:]

    public init(total: Int, most: Int = .max) {
        self.total = total
        self.most = most
    }

    /// How many are told apart at the moment.
    var holders: Int { networks.count + sites.count + users.count }

    /// - Returns: false when it is more than the holder's share; then nothing was taken.
    public mutating func take(_ amount: Int, for holder: Holder) -> Bool {
        let share = min(most, total - used - amount)
        guard amount <= total - used, allows(amount, for: holder, within: share) else { return false }
        change(holder, by: amount)
        return true
    }

    /// What was taken for the holder, or a part of it.
    public mutating func give(_ amount: Int, of holder: Holder) {
        change(holder, by: -amount)
    }

    private func allows(_ amount: Int, for holder: Holder, within share: Int) -> Bool {
        if let user = holder.user, users[user, default: 0] + amount > share { return false }
        guard let address = holder.address else { return true }
        let before = networks[address.network]
        guard (before ?? 0) + amount <= share else { return false }
        guard let name = address.site, let site = sites[name] else { return true }
        let count = site.networks + (before == nil ? 1 : 0)
        return count <= Self.networksOfASite || site.amount + amount <= share
    }

    private mutating func change(_ holder: Holder, by amount: Int) {
        guard amount != 0 else { return }
        used += amount
        if let user = holder.user { Self.add(amount, to: &users[user]) }
        guard let address = holder.address else { return }
        let network = address.network
        let wasThere = networks[network] != nil
        Self.add(amount, to: &networks[network])
        guard let name = address.site else { return }
        var site = sites[name] ?? Site()
        site.amount += amount
        site.networks += (networks[network] == nil ? 0 : 1) - (wasThere ? 1 : 0)
        sites[name] = site.networks > 0 ? site : nil
    }

    private static func add(_ amount: Int, to entry: inout Int?) {
        let sum = (entry ?? 0) + amount
        entry = sum == 0 ? nil : sum
    }
}
