import Core
import Synchronization

/// Looks whether each partition has a reader. librdkafka's leader of a group shares out the partitions that it knows of: where a
/// topic was made anew while the group came together, that may be none, and nobody would read it until a member comes or goes.
final class GroupWatch: Sendable {
    private struct State {
        var members: [(subscription: SubscriptionOptions, control: ConsumerControl)] = []
        /// Groups that had such partitions at the last look, and at how many one behind the other.
        var looks: [String: Int] = [:]
        var task: Task<Void, Never>?
    }

    typealias Look = @Sendable ([SubscriptionOptions]) async throws -> [String: [PartitionName]]

    /// Nanoseconds between two looks.
    private static let pace: UInt64 = 5_000_000_000
    private let state = Mutex(State())

    /// Looks after the group of this consumer, as long as it reads.
    /// - Parameter look: which partitions nobody reads, by group.
    func add(_ subscription: SubscriptionOptions, _ control: ConsumerControl, look: @escaping Look) {
        state.withLock { state in
            state.members.append((subscription, control))
            guard state.task == nil else { return }
            state.task = Task { [weak self] in
                while !Task.isCancelled {
                    try? await Task.sleep(nanoseconds: Self.pace)
                    guard let self else { return }
                    await self.run(look)
                }
            }
        }
    }

    private func run(_ look: Look) async {
        let members = state.withLock { state in
            state.members.removeAll { $0.control.ending != nil }
            return state.members
        }
        // What can't be asked now is asked at the next look.
        guard !members.isEmpty, let unread = try? await look(members.map(\.subscription)) else { return }
        let stuck = state.withLock { state in
            state.looks = Dictionary(uniqueKeysWithValues: unread.keys.map { ($0, (state.looks[$0] ?? 0) + 1) })
            // Not at the first: members may have come together between the two questions of a look. And where it does not help it
            // stops the others: at the 2nd, 4th, 8th.
            return Set(state.looks.filter { $0.value > 1 && $0.value.nonzeroBitCount == 1 }.keys)
        }
        for group in stuck.sorted() {
            let partitions = unread[group]!.map(\.description).joined(separator: ", ")
            Log.warning(.partitionsUnread, ["group": .text(group), "partitions": .text(partitions)])
        }
        // All do: only the leader's request has the partitions shared out anew.
        for member in members where stuck.contains(member.subscription.group) { member.control.joinAgain() }
    }

    func close() { state.withLock { $0.task }?.cancel() }
}
