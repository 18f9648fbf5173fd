import Core
import Live

/// The logs of an event stream that has several: which they are, where it is in each, and which verdicts it has had. Lives on
/// the gateway's loop.
final class StreamLogs {
    private struct Log {
        let key: LogKey
        /// As the client calls it.
        let name: String
        let subscriber: Subscriber
        var isEstablished = false
    }

    private var logs: [Log] = []
    /// What the client held when it came.
    private let held: StreamCursor

    init(held: StreamCursor) {
        self.held = held
    }

    /// Those of channels.
    var channels: [Subscriber] { logs.map(\.subscriber).filter { if case .channel = $0.key { true } else { false } } }

    func add(_ subscriber: Subscriber, named name: String) {
        logs.append(Log(key: subscriber.key, name: name, subscriber: subscriber))
    }

    func remove(_ subscriber: Subscriber) { logs.removeAll { $0.subscriber === subscriber } }

    func name(of subscriber: Subscriber) -> String {
        logs.first { $0.subscriber === subscriber }?.name ?? subscriber.key.description
    }

    /// - Returns: whether it is the first of the log's verdicts.
    func establish(_ subscriber: Subscriber) -> Bool {
        guard let index = logs.firstIndex(where: { $0.subscriber === subscriber }), !logs[index].isEstablished else {
            return false
        }
        logs[index].isEstablished = true
        return true
    }

    /// Where the stream is.
    /// - Parameters:
    ///   - cursor: in this log, whose session is at work.
    func positions(in key: LogKey? = nil, _ cursor: LiveCursor? = nil) -> StreamCursor {
        var positions = StreamCursor()
        for log in logs {
            if log.key == key {
                positions[log.key] = cursor
            } else {
                positions[log.key] = log.isEstablished ? log.subscriber.cursor : held[log.key]
            }
        }
        return positions
    }
}
