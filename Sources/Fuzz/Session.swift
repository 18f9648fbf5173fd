import Glibc
import Sidecars

/// What was asked of one target.
struct Session {
    private let options: Options
    private let fuzzer: Fuzzer

    init(_ target: FuzzTarget, _ options: Options) throws {
        self.options = options
        let files = try Self.corpus(options.corpus + "/" + target.name)
        fuzzer = Fuzzer(
            target: target, seeds: target.minted + files.filter { !$0.name.hasPrefix("slow-") }.map(\.bytes),
            slowSeeds: files.filter { $0.name.hasPrefix("slow-") }.map(\.bytes), seed: options.seed,
            slow: options.slow)
    }

    func run() throws {
        let target = fuzzer.target
        CrashReport.install(target: target.name, seed: options.seed, folder: options.crashes)
        do {
            if let path = options.input {
                guard let bytes = Files.read(path) else { throw Finding("\(path) can't be read") }
                let time = SlowInputs.time(target.timed, bytes)
                print("longest call \(Double(time) / 1000) µs")
                print(try fuzzer.replay(bytes) ? "taken as good" : "refused")
            } else {
                try mutate(target)
            }
        } catch let failure as Fuzzer.Failure {
            let path = "\(options.crashes)/crash-\(target.name)"
            print("martlet-fuzz: finding; target \(target.name), seed \(options.seed), input in \(path)")
            try Files.write(path, failure.input)
            throw failure
        }
    }

    private func mutate(_ target: FuzzTarget) throws {
        let start = milliseconds(CLOCK_MONOTONIC)
        let result = try fuzzer.run(inputs: options.targets.count == 1 ? options.inputs : options.inputs / target.cost)
        let seconds = (milliseconds(CLOCK_MONOTONIC) - start) / 1000
        if let worst = result.worst {
            let path = "\(options.crashes)/slow-\(target.name)"
            try Files.write(path, worst.input)
            let micros = Double(worst.nanoseconds) / 1000
            print(
                "\(target.name): longest call \(rounded(micros)) µs \(target.timed.place.rawValue), "
                    + "for \(worst.input.count) bytes (\(path))")
        }
        func rounded(_ value: Double) -> String { String((value * 10).rounded() / 10) }
        print(
            "\(target.name): \(fuzzer.seeds.count) seeds, \(result.inputs) inputs, \(result.accepted) good, "
                + "slowest \(rounded(result.slowest)) ms, \(rounded(seconds)) s")
        fflush(nil)
        try checkShare(result)
    }

    private func checkShare(_ result: Fuzzer.Result) throws(Finding) {
        let least = fuzzer.target.leastAccepted
        try require(
            result.inputs < 10_000 || result.accepted * 1000 >= result.inputs * least,
            "\(fuzzer.target.name): fewer than \(least) of 1,000 inputs were good; what do the others test?")
    }

    /// The files of a folder, in the order of their names.
    private static func corpus(_ folder: String) throws -> [(name: String, bytes: [UInt8])] {
        guard let directory = opendir(folder) else { throw Finding("there is no folder \(folder)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return try names.sorted().map { name in
            guard let bytes = Files.read(folder + "/" + name) else { throw Finding("\(name) can't be read") }
            return (name, bytes)
        }
    }
}
