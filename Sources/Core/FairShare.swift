/// Something that many share, such as bytes or connections. Nobody may have more of it than is still free for all: who is
/// alone gets half, two get a third each. (Switches share their buffers by the same rule, "dynamic threshold".) Who comes
/// late finds little left, for what others have is not taken from them here: `mustYield` says who has to give some of it
/// back for others. No clock and no I/O.
public struct FairShare: Sendable {
    /// Who has a part. Where both are known, the rule holds for both.
    public struct Holder: Sendable, Hashable {
        /// Its site (`IPAddress.site`). `nil`: it is not known, or shared by many.
        public let address: IPAddress?
        public let user: ID?

        public init(address: IPAddress?, user: ID? = nil) {
            self.address = address?.site
            self.user = user
        }

        /// Does what the other has count for this one, too?
        public func includes(_ other: Holder) -> Bool {
            address != nil && address == other.address || user != nil && user == other.user
        }
    }

    public let total: Int
    /// What one holder may have at most, however much is free.
    public let most: Int
    public private(set) var used = 0
    private var addresses: [IPAddress: Int] = [:]
    private var users: [ID: Int] = [:]

    public init(total: Int, most: Int = .max) {
        self.total = total
        self.most = most
    }

    /// How many are told apart at the moment.
    var holders: Int { addresses.count + users.count }

    /// What the holder has: as an address or as a user, whichever is more.
    public func amount(of holder: Holder) -> Int {
        max(holder.address.flatMap { addresses[$0] } ?? 0, holder.user.flatMap { users[$0] } ?? 0)
    }

    /// Would it get as much?
    public func allows(_ amount: Int, for holder: Holder) -> Bool {
        let free = total - used - amount
        guard free >= 0 else { return false }
        return holder == Holder(address: nil) || self.amount(of: holder) + amount <= min(most, free)
    }

    /// - Returns: false when it is more than the holder's share; then nothing was taken.
    public mutating func take(_ amount: Int, for holder: Holder) -> Bool {
        guard allows(amount, for: holder) else { return false }
        change(holder, by: amount)
        return true
    }

    /// What was taken for the holder, or a part of it.
    public mutating func give(_ amount: Int, of holder: Holder) {
        change(holder, by: -amount)
    }

    // MARK: Who yields

    /// The address or the user that has most. Looks at all of them.
    public var largest: Holder? {
        let address = addresses.max { $0.value < $1.value }
        let user = users.max { $0.value < $1.value }
        if let user, user.value > address?.value ?? 0 { return Holder(address: nil, user: user.key) }
        return address.map { Holder(address: $0.key) }
    }

    /// Does the one have more than twice what the other wants to have, and was refused?
    public func mustYield(_ large: Holder, to small: Holder, _ amount: Int) -> Bool {
        self.amount(of: large) > 2 * (self.amount(of: small) + amount)
    }

    /// What the one has becomes the other's, whatever its share.
    public mutating func pass(_ amount: Int, from large: Holder, to small: Holder) {
        change(large, by: -amount)
        change(small, by: amount)
    }

    private mutating func change(_ holder: Holder, by amount: Int) {
        guard amount != 0 else { return }
        used += amount
        if let user = holder.user { Self.add(amount, to: &users[user]) }
        if let address = holder.address { Self.add(amount, to: &addresses[address]) }
    }

    private static func add(_ amount: Int, to entry: inout Int?) {
        let sum = (entry ?? 0) + amount
        entry = sum == 0 ? nil : sum
    }
}
