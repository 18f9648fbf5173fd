import Core
import Glibc

/// What a process has cost so far, as Linux counts it.
struct ProcessCost {
    /// CPU nanoseconds by the threads' names.
    private(set) var threads: [String: UInt64] = [:]
    /// Bytes of memory.
    private(set) var resident = 0
    private let takenAt = monotonicNanoseconds()

    init(of process: Int) throws {
        guard let folder = opendir("/proc/\(process)/task") else { throw BenchError("there is no process \(process)") }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let id = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard Int(id) != nil else { continue }
            // The first of its numbers is the time on a processor.
            let spent = Self.words("/proc/\(process)/task/\(id)/schedstat").first.flatMap { UInt64($0) } ?? 0
            let name = Self.words("/proc/\(process)/task/\(id)/comm").first ?? "?"
            threads[name, default: 0] += spent
        }
        let pages = Self.words("/proc/\(process)/statm").dropFirst().first.flatMap { Int($0) } ?? 0
        resident = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// CPU seconds since then: of a thread, or of all.
    func seconds(since before: ProcessCost, thread: String? = nil) -> Double {
        func total(_ cost: ProcessCost) -> UInt64 {
            cost.threads.reduce(0) { thread == nil || $1.key == thread ? $0 + $1.value : $0 }
        }
        return Double(total(self) - min(total(self), total(before))) / 1e9
    }

    /// Parts of a core since then, in percent: of a thread, or of all.
    func percent(since before: ProcessCost, thread: String? = nil) -> Double {
        100 * seconds(since: before, thread: thread) * 1e9 / Double(takenAt - before.takenAt)
    }

    private static func words(_ path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        return readLine(from: file)?.split(separator: " ").map(String.init) ?? []
    }
}
