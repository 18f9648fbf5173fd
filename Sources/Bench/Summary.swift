/// What a phase's requests came to.
struct Summary {
    /// Accepted within a second, for each second.
    let goodput: Double
    let p50: UInt64
    /// Of what was accepted.
    let p99: UInt64
    let statuses: [Int: Int]

    init(_ plan: [Arrival], _ outcomes: [Outcome], seconds: Double) {
        let accepted = outcomes.filter(\.isAccepted).map(\.latency).sorted()
        goodput = Double(accepted.count { $0 <= 1_000_000_000 }) / seconds
        p50 = accepted.isEmpty ? 0 : accepted[accepted.count / 2]
        p99 = accepted.isEmpty ? 0 : accepted[accepted.count * 99 / 100]
        statuses = outcomes.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
    }

    /// What neither was accepted nor was shed.
    var others: String {
        statuses.filter { !(200..<300).contains($0.key) && $0.key != 429 && $0.key != 503 }
            .sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key == 0 ? "no answer" : String($0.key))" }
            .joined(separator: ", ")
    }

    var line: String {
        let counts = statuses.sorted { $0.key < $1.key }.map {
            "\($0.value) × \($0.key == 0 ? "no answer" : "\($0.key)")"
        }
        return "goodput \(Int(goodput)) a second, accepted in p50 \(ms(p50)), p99 \(ms(p99)); "
            + counts.joined(separator: ", ")
    }
}

func ms(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds / 10_000) / 100) ms" }

func percent(_ part: Double) -> String { "\(Int((part * 100).rounded())) %" }
