import Core
import Glibc
import TestSupport

/// Runs one target: its seeds as they are, then as many mutations as wanted.
struct Fuzzer {
    let target: FuzzTarget
    let seeds: [[UInt8]]
    /// The slowest inputs of former runs: too long to be mutated, but their time is taken again.
    let slowSeeds: [[UInt8]]
    let seed: UInt64
    /// CPU time of one input, in milliseconds.
    let slow: Int

    struct Result {
        var inputs = 0
        var accepted = 0
        /// Milliseconds of a whole check, in which a parser runs many times.
        var slowest = 0.0
        /// The longest call of a parser.
        var worst: (input: [UInt8], nanoseconds: UInt64)?
    }

    /// A finding with the input that shows it.
    struct Failure: Error {
        let finding: Finding
        let input: [UInt8]

        /// The whole input is in the file.
        var hex: String {
            var writer = ByteWriter()
            writer.append(hex: input.prefix(CrashReport.printed))
            return input.count > CrashReport.printed ? writer.string + "..." : writer.string
        }
    }

    func run(inputs: Int) throws(Failure) -> Result {
        var result = Result()
        for bytes in seeds { _ = try check(bytes, thorough: true, &result) }
        var slowInputs = SlowInputs(target.timed)
        let mutator = Mutator(seeds: seeds, words: target.words)
        var random = Seeded(seed ^ fingerprint(Array(target.name.utf8)))
        for index in 0..<inputs {
            if index & 1023 == 0 { CrashReport.postponeAlarm() }
            let bytes = mutator.input(&random)
            result.inputs += 1
            if try check(bytes, thorough: false, &result) { result.accepted += 1 }
            slowInputs.run(bytes)
        }
        CrashReport.postponeAlarm()
        result.worst = slowInputs.worst(with: seeds + slowSeeds)
        return result
    }

    /// One input, as thoroughly as can be: a replay.
    func replay(_ bytes: [UInt8]) throws(Failure) -> Bool {
        var result = Result()
        return try check(bytes, thorough: true, &result)
    }

    private func check(_ bytes: [UInt8], thorough: Bool, _ result: inout Result) throws(Failure) -> Bool {
        do throws(Finding) {
            let start = milliseconds(CLOCK_MONOTONIC)
            let accepted = try CrashReport.reading(bytes) { () throws(Finding) in try target.check(bytes, thorough) }
            var spent = milliseconds(CLOCK_MONOTONIC) - start
            if !thorough, spent > Double(slow) {
                // Other processes may have had the core: the least CPU time of three counts.
                spent = try cpuTime(bytes)
                try require(spent <= Double(slow), "it took \(spent) ms of CPU time, at most \(slow) are allowed")
            }
            if !thorough { result.slowest = max(result.slowest, spent) }
            return accepted
        } catch {
            throw Failure(finding: error, input: bytes)
        }
    }

    private func cpuTime(_ bytes: [UInt8]) throws(Finding) -> Double {
        var least = Double.infinity
        for _ in 0..<3 {
            let start = milliseconds(CLOCK_THREAD_CPUTIME_ID)
            _ = try target.check(bytes, false)
            least = min(least, milliseconds(CLOCK_THREAD_CPUTIME_ID) - start)
        }
        return least
    }
}

func milliseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
}
