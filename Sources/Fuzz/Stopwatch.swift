import Core

/// Times the calls that the server makes for one input, one by one: between two of them its thread may turn to others.
struct Stopwatch {
    /// Nanoseconds of the longest call.
    private(set) var longest: UInt64 = 0

    mutating func time<Value>(_ call: () -> Value) -> Value {
        let start = monotonicNanoseconds()
        let value = call()
        longest = max(longest, monotonicNanoseconds() - start)
        return value
    }
}

/// The calls of the server that an input costs, as it makes them: with its own limits, and in pieces as they are read.
struct Timed: Sendable {
    enum Place: String, Sendable {
        /// Everybody waits for it.
        case loop = "on the loop of the sockets"
        case pool = "off the loop of the sockets"
        case start = "when a process starts"
        case tail = "in martlet tail"
    }

    let place: Place
    let calls: @Sendable (_ input: [UInt8], inout Stopwatch) -> Void

    init(_ place: Place, _ calls: @escaping @Sendable (_ input: [UInt8], inout Stopwatch) -> Void) {
        self.place = place
        self.calls = calls
    }

    /// The longest call, in nanoseconds.
    func run(_ input: [UInt8]) -> UInt64 {
        var watch = Stopwatch()
        calls(input, &watch)
        return watch.longest
    }

    /// Bytes that the server reads at once from a connection.
    static func reads(_ input: [UInt8]) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: input.count, by: 8192).map { input[$0..<min($0 + 8192, input.count)] }
    }
}

/// The inputs that took longest. How long one took once says little where others use the same cores: the candidates are
/// run again, and the least of their times counts.
struct SlowInputs {
    private static let kept = 64
    private static let repeats = 400
    private let timed: Timed
    private var candidates: [(input: [UInt8], time: UInt64)] = []
    private var least: UInt64 = 0

    init(_ timed: Timed) {
        self.timed = timed
    }

    mutating func run(_ input: [UInt8]) {
        var time = timed.run(input)
        // Most that seem slow were interrupted, and would push out those that are.
        for _ in 0..<3 where candidates.count == Self.kept && time > least { time = min(time, timed.run(input)) }
        guard candidates.count < Self.kept || time > least else { return }
        if candidates.count == Self.kept {
            let place = candidates.indices.min { candidates[$0].time < candidates[$1].time }!
            candidates[place] = (input, time)
        } else {
            candidates.append((input, time))
        }
        least = candidates.map(\.time).min()!
    }

    /// - Parameter known: those that were the worst before.
    /// - Returns: `nil` where nothing was run.
    func worst(with known: [[UInt8]]) -> (input: [UInt8], nanoseconds: UInt64)? {
        (candidates.map(\.input) + known).map { input in
            (input, Self.time(timed, input))
        }.max { $0.1 < $1.1 }
    }

    /// Nanoseconds of the longest call: the least of some tries.
    static func time(_ timed: Timed, _ input: [UInt8]) -> UInt64 {
        (0..<repeats).map { _ in timed.run(input) }.min()!
    }
}
