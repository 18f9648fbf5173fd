/// The clients of a gateway, in no particular order. It keeps them. A dictionary would take three times the memory.
struct ClientList {
    private(set) var all: [any LiveClient] = []

    var count: Int { all.count }

    func contains(_ client: any LiveClient) -> Bool { client.slot >= 0 }

    mutating func add(_ client: any LiveClient) {
        client.slot = Int32(all.count)
        all.append(client)
    }

    /// - Returns: false when it was not there.
    mutating func remove(_ client: any LiveClient) -> Bool {
        let slot = Int(client.slot)
        guard slot >= 0 else { return false }
        client.slot = -1
        let last = all.removeLast()
        if last !== client {
            all[slot] = last
            last.slot = Int32(slot)
        }
        return true
    }
}
