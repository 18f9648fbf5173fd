import CUv
import Core
import Glibc

/// One request of a plan.
struct Arrival {
    enum Kind: String, CaseIterable {
        case post, read, login, follow
    }

    let kind: Kind
    /// Nanoseconds from the start of the run.
    let at: UInt64
    let request: [UInt8]
}

/// What became of a request.
struct Outcome {
    /// 0: no answer came.
    var status = 0
    /// Nanoseconds from the planned time to the whole answer.
    var latency: UInt64 = .max

    var isAccepted: Bool { (200..<300).contains(status) }
}

/// Sends requests at times that were fixed beforehand, whether or not earlier ones were answered. A delay counts from
/// the planned time, also where all connections were busy: a slow server can't slow the measure down.
final class OpenLoop {
    private struct Connection {
        var descriptor: Int32
        var received: [UInt8] = []
        /// The request that waits for its answer.
        var arrival: Int?
    }

    /// How exact the times are.
    private static let beatMicroseconds: UInt32 = 2000
    private let port: UInt16
    private let poll = epoll_create1(0)
    private var connections: [Connection] = []
    private var free: [Int] = []
    /// How late the generator itself was: nanoseconds, for each request that found a free connection.
    private(set) var ownDelays: [UInt64] = []
    /// Answers with 429 or 503 that did not say when to come back.
    private(set) var withoutRetryAfter = 0

    init(port: UInt16, connections count: Int) throws {
        self.port = port
        for index in 0..<count {
            connections.append(Connection(descriptor: -1))
            try open(index)
        }
        free = Array(0..<count)
    }

    private func open(_ index: Int) throws {
        let socket = try Socket(port: port)
        connections[index] = Connection(descriptor: socket.descriptor)
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(index)))
        epoll_ctl(poll, EPOLL_CTL_ADD, socket.descriptor, &event)
    }

    /// - Parameters:
    ///   - plan: in the order of time.
    ///   - patience: nanoseconds after the last request for which answers are awaited.
    /// - Returns: an outcome for each request.
    func run(_ plan: [Arrival], patience: UInt64) throws -> [Outcome] {
        var outcomes = [Outcome](repeating: Outcome(), count: plan.count)
        let start = monotonicNanoseconds()
        let end = (plan.last?.at ?? 0) + patience
        var next = 0
        var open = 0
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        while next < plan.count || open > 0 {
            let now = monotonicNanoseconds() - start
            if now > end { break }
            while next < plan.count, plan[next].at <= now, let index = free.popLast() {
                // With all connections busy the delay is the server's.
                if free.count > connections.count / 10 { ownDelays.append(now - plan[next].at) }
                try send(plan[next].request, on: index, as: next)
                next += 1
                open += 1
            }
            // Works in beats: woken for each answer by itself, it would take a good part of the machine from the server.
            usleep(Self.beatMicroseconds)
            let count = epoll_wait(poll, &events, 512, 0)
            guard count > 0 else { continue }
            for event in events[..<Int(count)] {
                let index = Int(event.data.u64)
                guard let arrival = connections[index].arrival else {
                    try again(index)
                    continue
                }
                guard let status = try receive(index) else { continue }
                outcomes[arrival] = Outcome(
                    status: status, latency: monotonicNanoseconds() - start - plan[arrival].at)
                open -= 1
            }
        }
        // What was not answered must not be taken for an answer of the next run.
        for index in connections.indices where connections[index].arrival != nil { try again(index) }
        return outcomes
    }

    private func send(_ request: [UInt8], on index: Int, as arrival: Int) throws {
        connections[index].arrival = arrival
        let sent = request.withUnsafeBytes {
            Glibc.send(connections[index].descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        // A request is small: it fits into the kernel's buffer, or the connection is broken, which the poll tells.
        if sent != request.count { shutdown(connections[index].descriptor, Int32(SHUT_RDWR)) }
    }

    /// The status of a whole answer, 0 for a broken connection, `nil` while more is to come.
    private func receive(_ index: Int) throws -> Int? {
        let got = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            let got = recv(connections[index].descriptor, buffer.baseAddress, buffer.count, 0)
            if got > 0 { connections[index].received.append(contentsOf: buffer[..<got]) }
            return got
        }
        guard got > 0 else {
            try again(index)
            return 0
        }
        guard let status = wholeAnswer(connections[index].received) else { return nil }
        connections[index].received.removeAll(keepingCapacity: true)
        connections[index].arrival = nil
        free.append(index)
        return status
    }

    private func again(_ index: Int) throws {
        close(connections[index].descriptor)
        let wasBusy = connections[index].arrival != nil
        try open(index)
        if wasBusy { free.append(index) }
    }

    /// The status, once head and body are there.
    private func wholeAnswer(_ bytes: [UInt8]) -> Int? {
        guard let headEnd = find("\r\n\r\n", in: bytes, from: 0) else { return nil }
        let status = bytes[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
        var length = 0
        if let name = find("\r\nContent-Length: ", in: bytes, from: 0), name < headEnd {
            var digit = name + 18
            while bytes[digit] >= 48 && bytes[digit] <= 57 {
                length = length * 10 + Int(bytes[digit]) - 48
                digit += 1
            }
        }
        guard bytes.count >= headEnd + 4 + length else { return nil }
        if status == 429 || status == 503, find("\r\nRetry-After: ", in: bytes, from: 0) == nil {
            withoutRetryAfter += 1
        }
        return status
    }

    private func find(_ text: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        let count = text.utf8CodeUnitCount
        return bytes.withUnsafeBytes { all in
            var at = start
            while at + count <= all.count {
                if all[at] == text.utf8Start[0], memcmp(all.baseAddress! + at, text.utf8Start, count) == 0 { return at }
                at += 1
            }
            return nil
        }
    }

    deinit {
        for connection in connections { close(connection.descriptor) }
        close(poll)
    }
}
