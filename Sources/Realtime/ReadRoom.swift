import Sockets

/// Memory for what reads will bring, counted for each client over all of its logs. Lives on the gateway's loop.
final class ReadRoom {
    /// Of clients that read now.
    private var taken: [ObjectIdentifier: Int] = [:]

    /// - Returns: false when it is more than the client's share.
    func take(_ bytes: Int, for client: any LiveClient) -> Bool {
        guard bytes > 0 else { return true }
        let sum = (taken[ObjectIdentifier(client)] ?? 0) + bytes
        guard client.transport.reserve(sum) else { return false }
        taken[ObjectIdentifier(client)] = sum
        return true
    }

    func giveBack(_ bytes: Int, of client: any LiveClient) {
        guard bytes > 0, let sum = taken[ObjectIdentifier(client)] else { return }
        taken[ObjectIdentifier(client)] = sum > bytes ? sum - bytes : nil
        _ = client.transport.reserve(max(0, sum - bytes))
    }
}
