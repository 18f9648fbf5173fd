import CUv
import Core
import Glibc
import Runtime

/// What the kernel takes at least: one thread that sends 200 bytes to each of many connections on loopback, and does nothing
/// else. The last line has the figure as JSON.
struct BareSend {
    let count: Int
    let rounds: Int
    /// Rounds a second.
    let rate: Int

    func run() throws -> Int32 {
        let (listener, port) = try listen()
        let connected = Gate()
        startThread(name: "clients") { [count] in
            do { try Self.read(count, port, connected) } catch {
                say("clients: \(error)")
                exit(1)
            }
        }
        let sockets = try (0..<count).map { _ in
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0 else { throw BenchError("accept: \(errno)") }
            var on: Int32 = 1
            setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
            return accepted
        }
        connected.wait()
        try send(to: sockets)
        let before = Self.spent()
        for _ in 0..<rounds {
            try send(to: sockets)
            usleep(UInt32(1_000_000 / rate))
        }
        let each = (Self.spent() - before) / Double(rounds * count)
        say("\(count) connections, \(rounds) rounds: \(Int(1 / each)) bare sends a CPU second")
        print("{\"sockets\":\(1 / each)}")
        return 0
    }

    private func listen() throws -> (Int32, UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) | Glibc.listen(listener, 4096) | getsockname(listener, $0, &length)
            }
        }
        guard status == 0 else { throw BenchError("no listener: \(errno)") }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private func send(to sockets: [Int32]) throws {
        let bytes = [UInt8](repeating: 120, count: 200)
        for socket in sockets {
            guard Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
                throw BenchError("send: \(errno)")
            }
        }
    }

    /// CPU seconds of this thread.
    private static func spent() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Reads until the process ends.
    private static func read(_ count: Int, _ port: UInt16, _ connected: Gate) throws {
        let poll = epoll_create1(0)
        for _ in 0..<count {
            let socket = try Socket(port: port)
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(socket.descriptor)))
            epoll_ctl(poll, EPOLL_CTL_ADD, socket.descriptor, &event)
        }
        connected.open()
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let ready = epoll_wait(poll, &events, 512, -1)
            for event in events[..<Int(max(0, ready))] { recv(Int32(event.data.u64), &buffer, buffer.count, 0) }
        }
    }
}
