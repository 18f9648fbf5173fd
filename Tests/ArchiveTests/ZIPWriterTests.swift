import Archive
import TestSupport
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

        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                print([(i.filename, i.file_size, i.date_time[0]) for i in z.infolist()])
            """
        #expect(
            try python(script, reading: bytes)
                == "[('posts.jsonl', \(50_000 * line.count), 2025), ('empty.jsonl', 0, 2025), ('manifest.json', 2, 2025)]\n"
        )
    }
}
