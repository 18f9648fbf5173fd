import Core
import Runtime

/// The gateways of a process, one for each loop of its sockets.
struct Gateways: Sendable {
    let all: [LoopBound<Gateway>]

    /// The one of the loop that runs this.
    var current: Gateway {
        guard let found = all.first(where: { $0.loop.isCurrent }) else { fatalError("not on a loop with live clients") }
        return found.value
    }

    /// For what is on no loop: the same for all of a user's, so that as few nodes as possible hear of him.
    func gateway(for user: ID) -> LoopBound<Gateway> { all[Bucket.of(user) % all.count] }

    /// Asks each.
    func each<T: Sendable>(_ body: @escaping @Sendable (Gateway) -> T) async -> [T] {
        var results: [T] = []
        for gateway in all {
            if let result = try? await gateway.loop.run({ body(gateway.value) }) { results.append(result) }
        }
        return results
    }
}
