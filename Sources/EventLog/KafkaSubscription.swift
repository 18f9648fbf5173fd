import Core
import Synchronization

/// What a consumer's thread and everybody else share.
final class ConsumerControl: Sendable {
    enum Ending { case leave, abandon }

    /// How a batch or a turn ended, for the reader it was taken from.
    struct Outcome {
        enum Ending {
            case batch(hasFailed: Bool)
            case turn(next: Int?)
            case failedTurn
        }

        let reader: Int
        let ending: Ending
    }

    private struct State {
        var outcomes: [Outcome] = []
        var woken: Set<PartitionName> = []
        var ending: Ending?
        var joinsAgain = false
    }

    let wakeup = ThreadWakeup()
    let ended = Latch()
    private let state = Mutex(State())
    /// When a partition that lacks what was there had last been read, in monotonic nanoseconds.
    let noteLoss: @Sendable (UInt64) -> Void

    init(noteLoss: @escaping @Sendable (UInt64) -> Void) { self.noteLoss = noteLoss }

    var ending: Ending? { state.withLock { $0.ending } }

    func end(_ ending: Ending) {
        state.withLock { state in
            if state.ending == nil { state.ending = ending }
        }
        wakeup.signal()
    }

    /// Has the group share out its partitions anew, if this member is the one that does.
    func joinAgain() {
        state.withLock { $0.joinsAgain = true }
        wakeup.signal()
    }

    func takeJoinAgain() -> Bool {
        state.withLock { state in
            defer { state.joinsAgain = false }
            return state.joinsAgain
        }
    }

    func post(_ outcome: Outcome) {
        state.withLock { $0.outcomes.append(outcome) }
        wakeup.signal()
    }

    /// - Parameter partition: as Kafka knows it.
    func wake(_ partition: PartitionName) {
        _ = state.withLock { $0.woken.insert(partition) }
        wakeup.signal()
    }

    func takeWoken() -> Set<PartitionName> {
        state.withLock { state in
            defer { state.woken = [] }
            return state.woken
        }
    }

    func takeOutcomes() -> [Outcome] {
        state.withLock { state in
            defer { state.outcomes = [] }
            return state.outcomes
        }
    }
}

struct KafkaSubscription: LogSubscription {
    let control: ConsumerControl
    let prefix: String
    let drainTimeout: Int

    func wake(topic: String, partition: Int) { control.wake(PartitionName(topic: prefix + topic, number: partition)) }

    /// Waits at most for the drain timeout and 15 s for the broker; a handler that runs longer is cancelled, and its
    /// batch will come again.
    func close() async {
        control.end(.leave)
        if await !control.ended.wait(milliseconds: drainTimeout + 15_000) {
            Log.error(.consumerStuck)
        }
    }
}

extension LogSubscription {
    /// For tests: goes as a killed process goes, without a commit and without a word to the group.
    package func abandon() async {
        guard let subscription = self as? KafkaSubscription else { return }
        subscription.control.end(.abandon)
        _ = await subscription.control.ended.wait(milliseconds: 10_000)
    }
}
