/// A metric's name and what it tells: `martlet_` and a noun. Counters end with `_total`, times with `_seconds`, sizes with
/// `_bytes`, or with `_bytes_total` where they are counted up.
///
/// Each is made once, in its module's `Names.swift`; `scripts/names` checks them and writes `docs/telemetry.md`.
public struct MetricName: Sendable {
    public let text: String
    public let help: String

    public init(_ text: StaticString, _ help: StaticString) {
        self.text = text.description
        self.help = help.description
    }
}
