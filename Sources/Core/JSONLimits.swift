/// How much a JSON text may ask of its reader.
public struct JSONLimits: Sendable {
    /// How deeply arrays and objects may nest.
    var depth = 16
    /// How many values may still come, arrays and objects among them.
    var values = Int.max
    /// Bytes of a key.
    var longestKey = Int.max
    /// Combining marks in a row in a key.
    var marksInKey = Int.max

    public init() {}

    init(depth: Int) { self.depth = depth }

    /// For what is read on the loop of the sockets, where everybody waits for it.
    public static let command = {
        var limits = JSONLimits(depth: 8)
        limits.values = 1600
        limits.longestKey = 255
        limits.marksInKey = 16
        return limits
    }()
}
