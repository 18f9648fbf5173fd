import EventLog

/// The readers of one subscription.
package final class EmbeddedSubscription: LogSubscription {
    private let readers: [PartitionReader]
    private let tasks: [Task<Void, Never>]
    private let onClose: @Sendable ([PartitionReader]) -> Void

    init(readers: [PartitionReader], onClose: @escaping @Sendable ([PartitionReader]) -> Void) {
        self.readers = readers
        self.onClose = onClose
        // Before requests: what was accepted goes on before more is.
        tasks = readers.map { reader in Task(priority: .high) { await reader.run() } }
    }

    /// For tests: ends as a killed process would, in the middle of a batch.
    package func abandon() async {
        for reader in readers { reader.abandon() }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        onClose(readers)
    }

    package func wake(topic: String, partition: Int) {
        let name = PartitionName(topic: topic, partition: partition)
        for reader in readers where reader.name == name { reader.wake() }
    }

    package func close() async {
        for reader in readers { reader.stop() }
        for task in tasks { await task.value }
        onClose(readers)
    }
}
