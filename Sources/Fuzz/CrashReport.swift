import Glibc

/// Tells which input was being read when the process was ended by a trap, a bad access or an endless loop.
///
/// There is one thread. It writes here what a signal handler on the same thread reads; the handler calls nothing but
/// `write`, `open` and `close`.
enum CrashReport {
    private struct Report {
        var input = UnsafeRawBufferPointer(start: nil, count: 0)
        var heading: UnsafeMutablePointer<CChar>?
        var path: UnsafeMutablePointer<CChar>?
    }

    nonisolated(unsafe) private static var report = Report()
    private static let seconds: UInt32 = 60
    /// Bytes of an input that are printed.
    static let printed = 2048

    /// - Parameter folder: where the input is written, as a file named after the target.
    static func install(target: String, seed: UInt64, folder: String) {
        report.heading = strdup("\nmartlet-fuzz: crash or hang; target \(target), seed \(seed), input in hex:\n")
        report.path = strdup("\(folder)/crash-\(target)")
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] { signal(number, handle) }
    }

    static func reading<Value>(_ bytes: [UInt8], _ body: () throws(Finding) -> Value) throws(Finding) -> Value {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Finding) in
            report.input = UnsafeRawBufferPointer(buffer)
            return try body()
        }
    }

    /// An input that takes longer than this, in wall-clock time, is a hang. Called now and then.
    static func postponeAlarm() { alarm(seconds) }

    private static let handle: @convention(c) (Int32) -> Void = { number in
        let input = report.input
        guard let heading = report.heading, let path = report.path else { return }
        write(2, heading, strlen(heading))
        let digits: StaticString = "0123456789abcdef"
        for byte in input.prefix(printed) {
            write(2, digits.utf8Start + Int(byte >> 4), 1)
            write(2, digits.utf8Start + Int(byte & 15), 1)
        }
        write(2, "\n", 1)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        write(file, input.baseAddress, input.count)
        close(file)
        signal(number, SIG_DFL)
        raise(number)
    }
}
