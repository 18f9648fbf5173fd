import Archive
import Foundation
import Testing

/// What reads archives is Debian's `python3`, which knows nothing of libarchive.
@Suite struct ZIPWriterTests {
    @Test func isReadByOthers() throws {
        let zip = ZIPWriter(modified: 1_764_000_000)
        var bytes: [UInt8] = []
        let line = Array("{\"text\":\"\\n안녕 — ok\"}\n".utf8)
        try zip.begin("posts.jsonl")
        for _ in 0..<50_000 {
            try zip.write(line)
            while zip.count >= 1000 { bytes += zip.take(1000) }
        }
        try zip.begin("empty.jsonl")
        try zip.write([])
        try zip.begin("manifest.json")
        try zip.write(Array("{}".utf8))
        try zip.finish()
        while zip.count > 0 { bytes += zip.take(1000) }
        #expect(zip.take(1).isEmpty)
        // It is compressed.
        #expect(bytes.count < 50_000 * line.count / 10)

        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).zip")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(bytes).write(to: path)
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                print([(i.filename, i.file_size, i.date_time[0]) for i in z.infolist()])
            """
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-c", script, path.path]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        python.waitUntilExit()
        #expect(
            String(decoding: said, as: UTF8.self)
                == "[('posts.jsonl', \(50_000 * line.count), 2025), ('empty.jsonl', 0, 2025), ('manifest.json', 2, 2025)]\n"
        )
    }
}
