import Core
import Glibc
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct LineWriterTests {
    private struct Pipe {
        let reader: Int32
        let writer: Int32

        init() {
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
        }

        /// What is in it, up to so many lines.
        func lines(_ count: Int) -> [String] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while bytes.count(where: { $0 == 10 }) < count {
                let got = read(reader, &buffer, buffer.count)
                guard got > 0 else { break }
                bytes += buffer[..<got]
            }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    private func line(_ number: Int) -> [UInt8] { Array("line \(number) \(String(repeating: "x", count: 80))\n".utf8) }

    @Test func whoAddsNeverWaits() {
        let pipe = Pipe()
        let dropped = Counter()
        let writer = LineWriter(descriptor: pipe.writer, limit: 10_000, dropped: dropped)
        for number in 0..<5000 { writer.add(line(number)) }
        #expect(dropped.count > 3000)
        var lines: [String] = []
        var lost = 0
        while lines.count + lost < 5000 {
            for line in pipe.lines(1) {
                if line.hasSuffix("lines were dropped") {
                    lost += Int(line.prefix { $0 != " " })!
                } else {
                    // Each notice is where the lines are missing.
                    #expect(line.hasPrefix("line \(lines.count + lost) "))
                    lines.append(line)
                }
            }
        }
        #expect(lines.count + lost == 5000 && lost == Int(dropped.count))
        writer.add(line(5000))
        #expect(pipe.lines(1).first?.hasPrefix("line 5000 ") == true)
    }

    @Test func whatWasSaidLastIsWritten() {
        let pipe = Pipe()
        let writer = LineWriter(descriptor: pipe.writer)
        for number in 0..<100 { writer.add(line(number)) }
        writer.flush(milliseconds: 5000)
        close(pipe.writer)
        #expect(pipe.lines(200).count == 100)
    }

    @Test func aFlushHasALimit() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        let writer = LineWriter(descriptor: pipe.writer)
        for number in 0..<2000 { writer.add(line(number)) }
        let start = monotonicNanoseconds()
        writer.flush(milliseconds: 50)
        #expect(monotonicNanoseconds() - start < 5_000_000_000)
        close(pipe.reader)
    }

    @Test func whereNobodyReadsEachLineCounts() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        close(pipe.reader)
        let dropped = Counter()
        let writer = LineWriter(descriptor: pipe.writer, dropped: dropped)
        for number in 0..<10 { writer.add(line(number)) }
        writer.flush(milliseconds: 5000)
        #expect(dropped.count == 10)
    }
}
