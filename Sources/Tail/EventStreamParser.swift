/// Reads server-sent events from a stream of bytes, as the HTML standard says ("Server-sent events", 9.2.6). It does
/// no I/O: pieces of any size go in, events come out. One for each connection.
public struct EventStreamParser: Sendable {
    public struct Event: Sendable, Equatable {
        /// `message` when the stream named none.
        public let type: String
        public let data: String
        /// The stream's last id at this event; empty when there was none.
        public let id: String
    }

    public enum Output: Sendable, Equatable {
        case event(Event)
        /// Milliseconds to wait before a reconnect.
        case retry(Int)
        /// A line or an event has more bytes than are taken. Nothing comes after it.
        case tooLong
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var isFirstLine = true
    private var endedByCR = false
    private var hasFailed = false
    private var type = ""
    private var data: [UInt8] = []
    private var hasData = false
    /// Of the last event that was complete, or the one given.
    public private(set) var lastEventID: String
    private var pendingID: String

    /// - Parameters:
    ///   - lastEventID: of the connection before.
    ///   - limit: bytes of a line, and of an event's data.
    public init(lastEventID: String = "", limit: Int = 1 << 20) {
        self.lastEventID = lastEventID
        pendingID = lastEventID
        self.limit = limit
    }

    public mutating func append(_ bytes: some Sequence<UInt8>) -> [Output] {
        var outputs: [Output] = []
        for byte in bytes where !hasFailed {
            let followsCR = endedByCR
            endedByCR = byte == 13
            switch byte {
            case 10 where followsCR: break
            case 10, 13: endLine(&outputs)
            default: line.append(byte)
            }
            if line.count > limit || data.count > limit {
                hasFailed = true
                line = []
                data = []
                outputs.append(.tooLong)
            }
        }
        return outputs
    }

    private mutating func endLine(_ outputs: inout [Output]) {
        if isFirstLine, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return endEvent(&outputs) }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return take(field: line[...], [], &outputs) }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        take(field: line[..<colon], value, &outputs)
    }

    /// A comment is a line with an empty field name: ignored like all unknown fields.
    private mutating func take(field: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ outputs: inout [Output]) {
        // By bytes: a comparison of long strings may take long.
        if field.elementsEqual("event".utf8) {
            type = String(decoding: value, as: UTF8.self)
        } else if field.elementsEqual("data".utf8) {
            if hasData { data.append(10) }
            hasData = true
            data.append(contentsOf: value)
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { pendingID = String(decoding: value, as: UTF8.self) }
        } else if field.elementsEqual("retry".utf8) {
            let isDigits = !value.isEmpty && value.allSatisfy { (48...57).contains($0) }
            if isDigits, let milliseconds = Int(String(decoding: value, as: UTF8.self)) {
                outputs.append(.retry(milliseconds))
            }
        }
    }

    private mutating func endEvent(_ outputs: inout [Output]) {
        // The id counts from here on, also without data.
        lastEventID = pendingID
        if hasData {
            outputs.append(
                .event(
                    Event(
                        type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self),
                        id: lastEventID)))
        }
        type = ""
        data.removeAll(keepingCapacity: true)
        hasData = false
    }
}
