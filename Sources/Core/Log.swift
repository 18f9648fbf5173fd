import Synchronization

/// Log lines: one JSON object a line on standard error. Nobody waits for them to be written: what a reader does not take
/// is dropped and counted.
///
/// Never pass a token, a password or a body.
public enum Log {
    public enum Level: Int, Sendable, Comparable {
        case debug, info, warning, error

        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

        var name: String { ["debug", "info", "warning", "error"][rawValue] }
    }

    public enum Field: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
        ExpressibleByStringInterpolation
    {
        case text(String)
        case number(Int64)

        public init(stringLiteral value: String) { self = .text(value) }
        public init(integerLiteral value: Int64) { self = .number(value) }
    }

    private static let threshold = Atomic<Int>(Level.info.rawValue)

    public static func setLevel(_ level: Level) {
        threshold.store(level.rawValue, ordering: .relaxed)
    }

    public static func debug(_ event: LogEvent, _ fields: KeyValuePairs<String, Field> = [:]) {
        emit(.debug, event, fields)
    }
    public static func info(_ event: LogEvent, _ fields: KeyValuePairs<String, Field> = [:]) {
        emit(.info, event, fields)
    }
    public static func warning(_ event: LogEvent, _ fields: KeyValuePairs<String, Field> = [:]) {
        emit(.warning, event, fields)
    }
    public static func error(_ event: LogEvent, _ fields: KeyValuePairs<String, Field> = [:]) {
        emit(.error, event, fields)
    }

    /// Standard error, for log lines and for what else is said there.
    public static let output = LineWriter(
        descriptor: 2,
        dropped: Metrics.shared.counter(.linesDropped),
        notice: { line(.warning, .linesDropped, ["lines": .number(Int64($0))]) })

    private static func emit(_ level: Level, _ event: LogEvent, _ fields: KeyValuePairs<String, Field>) {
        guard level.rawValue >= threshold.load(ordering: .relaxed) else { return }
        output.add(line(level, event, fields))
    }

    private static func line(_ level: Level, _ event: LogEvent, _ fields: KeyValuePairs<String, Field>) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.append(ascii: "{\"time\":\"")
        writer.appendTime(milliseconds: SystemClock().milliseconds())
        writer.append(ascii: "\",\"level\":\"")
        writer.append(level.name)
        writer.append(ascii: "\",\"event\":\"")
        writer.append(ascii: event.name)
        writer.append(ascii: "\"")
        for (name, field) in fields {
            writer.append(ascii: ",")
            writer.append(jsonString: name)
            writer.append(ascii: ":")
            switch field {
            case .text(let text): writer.append(jsonString: text)
            case .number(let number): writer.append(decimal: number)
            }
        }
        writer.append(ascii: "}\n")
        return writer.bytes
    }
}
