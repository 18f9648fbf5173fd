// Hostile input to every parser that meets other processes: mutations of real examples, the same in every run with the
// same seed. An input that is a finding is printed in hexadecimal and written to a file, and can be replayed.
import Glibc
import Sidecars

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
    print(Options.usage)
    exit(2)
}

do {
    for target in options.targets { try Session(target, options).run() }
} catch let failure as Fuzzer.Failure {
    print("input in hex:\n\(failure.hex)\n\(failure.finding)")
    exit(1)
} catch {
    print("martlet-fuzz: \(error)")
    exit(1)
}
