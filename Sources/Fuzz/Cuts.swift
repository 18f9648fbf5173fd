import TestSupport

/// Ways in which a stream's bytes may arrive.
enum Cuts {
    /// - Parameter thorough: in every two pieces as well.
    static func of(_ input: [UInt8], thorough: Bool) -> [[[UInt8]]] {
        var ways = [random(input), atBoundaries(input)]
        if input.count <= 300 { ways.append(input.map { [$0] }) }
        if thorough, input.count <= 4096 {
            ways += (0...input.count).map { [Array(input[..<$0]), Array(input[$0...])] }
        }
        return ways
    }

    private static func random(_ input: [UInt8]) -> [[UInt8]] {
        var random = Seeded(fingerprint(input))
        let most = 1 + random.below(max(40, input.count / 16))
        var pieces: [[UInt8]] = []
        var start = 0
        while start < input.count {
            let end = min(input.count, start + 1 + random.below(most))
            pieces.append(Array(input[start..<end]))
            start = end
        }
        return pieces
    }

    /// Before and behind every byte that is neither letter nor digit, as long as there are not too many.
    private static func atBoundaries(_ input: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        for index in input.indices where pieces.count < 200 && isBoundary(input[index]) {
            if start < index { pieces.append(Array(input[start..<index])) }
            pieces.append([input[index]])
            start = index + 1
        }
        return pieces + [Array(input[start...])]
    }

    private static func isBoundary(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 128...: false
        default: true
        }
    }
}
