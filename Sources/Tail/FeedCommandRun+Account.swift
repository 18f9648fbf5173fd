import Core
import Glibc
import HTTPClient

/// What is done with the account as a whole.
extension FeedCommandRun {
    /// Bytes of an archive that are fetched at once.
    private static let part: Int64 = 1 << 20
    /// Milliseconds between two looks.
    private static let pause = 1000

    // MARK: Export

    /// Asks for an archive, or takes the one that is under way, waits for it, and fetches it a part at a time.
    /// - Parameter path: a file that is not there yet; it is there only when it is whole.
    func export(to path: String) throws(TailEnd) {
        guard let file = fopen(path, "wxe") else {
            throw .failed("\(path): \(String(cString: strerror(errno)))", code: TailExit.credentials)
        }
        var isWhole = false
        defer {
            fclose(file)
            if !isWhole { unlink(path) }
        }
        let export = try readyExport()
        guard let url = export["url"]?.string, url.hasPrefix("/v1/exports/"), let length = export["bytes"]?.integer
        else {
            throw Self.strange
        }
        var offset: Int64 = 0
        while offset < length {
            let last = min(offset + Self.part, length) - 1
            let bytes = try call("GET", url, headers: [("Range", "bytes=\(offset)-\(last)")]).body
            guard Int64(bytes.count) == last - offset + 1 else { throw Self.strange }
            guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else {
                throw .failed("\(path): \(String(cString: strerror(errno)))", code: TailExit.network)
            }
            offset += Int64(bytes.count)
        }
        isWhole = true
        try tell(export, "\(path): \(length) bytes")
    }

    private func readyExport() throws(TailEnd) -> JSONObject {
        let known = try object(call("GET", "/v1/me/exports?limit=1"))["items"]?.array?.first?.object
        let isOpen = ["waiting", "running"].contains(known?["state"]?.string)
        var export = if isOpen, let known { known } else { try object(call("POST", "/v1/me/export")) }
        guard let id = export["id"]?.string, ID(id) != nil else { throw Self.strange }
        while true {
            switch export["state"]?.string {
            case "ready": return export
            case "waiting", "running": break
            default: throw .failed("the archive could not be made", code: TailExit.network)
            }
            guard interrupt.sleep(milliseconds: Self.pause) else { throw .interrupted }
            export = try object(call("GET", "/v1/me/exports/\(id)"))
        }
    }

    // MARK: Deletion

    func deleteAccount(graceDays: Int) throws(TailEnd) {
        guard let password = options.password else {
            throw .failed(
                "it takes the password: give MARTLET_HANDLE and MARTLET_PASSWORD", code: TailExit.credentials)
        }
        let body = Array(JSONValue.object(["password": .string(password)]).text.utf8)
        let deletion = try object(call("POST", "/v1/me/deletion?grace=\(graceDays)", body: body))
        guard let id = deletion["id"]?.string, let key = deletion["key"]?.string, let end = deletion["erase_at"]?.string
        else { throw Self.strange }
        try tell(
            deletion,
            """
            the account will be erased on \(end); until then: martlet account cancel
            its receipt: martlet account receipt \(id) \(key)
            """)
    }

    func keepAccount() throws(TailEnd) {
        _ = try call("DELETE", "/v1/me/deletion")
        try tell(["kept": true], "the account is here again")
    }

    func receipt(_ id: String, _ key: String) throws(TailEnd) {
        let deletion = try object(call("GET", "/v1/deletions/\(id)?key=\(Server.encoded(key))"))
        guard let state = deletion["state"]?.string, let end = deletion["erase_at"]?.string else { throw Self.strange }
        var text = "\(state), to be erased on \(end)"
        for store in deletion["stores"]?.array ?? [] {
            guard let store = store.object, let name = store["name"]?.string else { throw Self.strange }
            text += "\n\(name): "
            if let kept = store["kept_until"]?.string {
                text += "kept until \(kept)"
            } else {
                func number(_ key: String) -> String { store[key]?.integer.map(String.init) ?? "unknown" }
                text += "found \(number("found")), removed \(number("removed")), left \(number("left"))"
            }
        }
        try tell(deletion, text)
    }
}
