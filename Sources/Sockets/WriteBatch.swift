import Core
import Glibc

/// Gathers what connections are to be written in one turn of the loop, each a run of bytes, and hands it to the kernel: by a
/// ring in one system call, else by a `send` for each. The kernel is done with the bytes when `submit` returns, so nothing is
/// ever in flight; what a peer has no room for goes to lws, which keeps it. Confined to its loop.
final class WriteBatch {
    private struct Entry {
        let link: Link
        let start: Int
        var count: Int
    }

    /// A longer run is written at once: it gains nothing here.
    static let longest = 16 << 10
    /// So few are not worth a ring.
    private static let few = 3

    private var ring: SendRing?
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var used = 0
    private var entries: [Entry] = []
    private let results = UnsafeMutableBufferPointer<Int32>.allocate(capacity: SendRing.size)

    /// - Parameter ring: `nil`: each run is a `send`.
    init(_ ring: SendRing? = nil) {
        self.ring = ring
        entries.reserveCapacity(SendRing.size)
    }

    var hasRing: Bool { ring != nil }

    deinit {
        room.deallocate()
        results.deallocate()
    }

    /// Copies the bytes; they go out with the next `submit`. A link has one run of bytes in a batch: of two, the second could
    /// overtake what is left of the first.
    /// - Returns: false when they are to be written at once instead.
    func add(_ bytes: UnsafeRawBufferPointer, to link: Link) -> Bool {
        if link.isGathered {
            guard let last = entries.last, last.link === link, last.count + bytes.count <= Self.longest,
                used + bytes.count <= room.count
            else {
                // In the order in which it was written.
                submit()
                return false
            }
            entries[entries.count - 1].count += bytes.count
        } else {
            guard bytes.count <= Self.longest, link.isWritable else { return false }
            if entries.count == SendRing.size || used + bytes.count > room.count { submit() }
            link.isGathered = true
            entries.append(Entry(link: link, start: used, count: bytes.count))
        }
        UnsafeMutableRawBufferPointer(rebasing: room[used...]).copyMemory(from: bytes)
        used += bytes.count
        return true
    }

    /// To be called before the loop waits, and before anything else is written to a link that is in the batch.
    func submit() {
        guard !entries.isEmpty else { return }
        // Telling an owner must not find the batch half done.
        let all = entries
        entries.removeAll(keepingCapacity: true)
        let total = used
        used = 0
        for entry in all { entry.link.isGathered = false }
        SocketMetrics.shared.written.add(total)
        let results = UnsafeMutableBufferPointer(rebasing: self.results[..<all.count])
        if let ring, all.count > Self.few { send(all, by: ring, results) } else { send(all, results) }
        for (index, entry) in all.enumerated() where results[index] != Int32(entry.count) {
            finish(entry, results[index])
        }
    }

    private static let unknown = Int32.min

    private func send(_ all: [Entry], _ results: UnsafeMutableBufferPointer<Int32>) {
        for (index, entry) in all.enumerated() {
            let descriptor = entry.link.descriptor
            let bytes = bytes(entry)
            let sent = descriptor < 0 ? -1 : Glibc.send(descriptor, bytes.baseAddress, bytes.count, Self.flags)
            results[index] = sent >= 0 ? Int32(sent) : descriptor < 0 ? Self.unknown : -errno
        }
    }

    private static let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

    private func send(_ all: [Entry], by ring: SendRing, _ results: UnsafeMutableBufferPointer<Int32>) {
        results.update(repeating: Self.unknown)
        var count = 0
        for (index, entry) in all.enumerated() {
            // One whose connection has gone meanwhile: its descriptor may be another's.
            let descriptor = entry.link.descriptor
            guard descriptor >= 0 else { continue }
            _ = ring.add(bytes(entry), to: descriptor, index: index)
            count += 1
        }
        guard count > 0, !ring.submit(count, results) else { return }
        // Whoever may or may not have got its bytes is closed, and resumes.
        Log.error(.ringFailed)
        self.ring = nil
    }

    /// What the kernel did not take: lws keeps it and tells when it has gone.
    private func finish(_ entry: Entry, _ result: Int32) {
        guard entry.link.isWritable else { return }
        let taken: Int
        switch result {
        case 0...: taken = Int(result)
        case -EAGAIN, -EINTR: taken = 0
        default: return entry.link.gatheredWasLost(of: entry.count)
        }
        entry.link.writeRest(UnsafeRawBufferPointer(rebasing: bytes(entry)[taken...]), of: entry.count)
    }

    private func bytes(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: room[entry.start..<(entry.start + entry.count)])
    }
}

@available(*, unavailable)
extension WriteBatch: Sendable {}
