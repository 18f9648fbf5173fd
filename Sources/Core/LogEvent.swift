/// What a log line tells of: a noun, a dot and what happened to it, such as `post.created`. Who reads logs by machine
/// relies on it, so it stays.
///
/// Each is made once, in its module's `Names.swift`; `scripts/names` checks them and writes `docs/telemetry.md`.
public struct LogEvent: Sendable {
    public let name: StaticString

    public init(_ name: StaticString) { self.name = name }
}
