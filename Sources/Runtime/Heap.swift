import CGlibc
import Core
import Glibc
import Synchronization

/// What glibc keeps of the memory that was freed. By itself it gives back only what is at the end of a heap: after a
/// thousand unread responses of 240 KB a process kept all of their 48 MB, for some small piece came after them.
public enum Heap {
    /// At the start, before there are threads.
    ///
    /// Setting the thresholds keeps glibc from raising them: by default one freed block of some MB makes it put all
    /// that is smaller into the heaps. So an answer of more than 128 KB is a mapping of its own, gone when it is freed.
    public static func configure() {
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
        // A heap for each of two cores' busy threads; the default is eight for each core, and each keeps its own rest.
        mallopt(M_ARENA_MAX, 4)
    }

    /// From now on has a thread give free pages back when the process has grown, for as long as it lives. It locks a heap
    /// for some milliseconds, so it waits for a quiet moment, and does nothing where there is little to win.
    /// - Parameter isQuiet: is the growth over? The last one that was given is asked.
    public static func keepSmall(when isQuiet: @escaping @Sendable () -> Bool) {
        let isFirst = quiet.withLock { quiet in
            defer { quiet = Quiet(ask: isQuiet) }
            return quiet == nil
        }
        guard isFirst else { return }
        startThread(name: "heap") {
            var floor = resident()
            while true {
                sleep(5)
                let before = resident()
                floor = min(floor, before)
                guard before - floor >= leastGrowth, quiet.withLock({ $0 })?.ask() == true else { continue }
                let began = monotonicNanoseconds()
                malloc_trim(0)
                let took = (monotonicNanoseconds() - began) / 1_000_000
                floor = resident()
                Log.debug(
                    .memoryReturned,
                    ["mb": .number(Int64((before - floor) >> 20)), "milliseconds": .number(Int64(took))])
            }
        }
    }

    private struct Quiet: Sendable {
        let ask: @Sendable () -> Bool
    }

    private static let quiet = Mutex<Quiet?>(nil)
    private static let leastGrowth = 16 << 20

    /// Bytes; 0 where nobody can say.
    private static func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let words = text.split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
