import Core
import TestSite
import TestSupport

/// An archive as somebody else's program reads it: Python's `zipfile`, which checks the sums, too.
struct Unzipped {
    let files: [String: String]

    init(_ archive: [UInt8]) throws {
        let script = """
            import json, sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                json.dump({i.filename: z.read(i).decode() for i in z.infolist()}, sys.stdout)
            """
        let said = try python(script, reading: archive)
        var files: [String: String] = [:]
        for (name, text) in try JSONValue.parse(Array(said.utf8)).object!.members { files[name] = text.string }
        self.files = files
    }

    var manifest: JSONValue { get throws { try JSONValue.parse(Array((files["manifest.json"] ?? "").utf8)) } }

    func lines(_ name: String) throws -> [JSONValue] {
        guard let text = files["\(name).jsonl"] else { throw Missing(name: name) }
        return try text.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }

    struct Missing: Error { let name: String }
}
