import Core
import Glibc
import Sidecars

/// The folder of the demo page. Its regular files are served, of the types that a page has: no link, which may lead
/// anywhere, and no name with a dot in front.
struct Page: Sendable {
    struct File: Sendable {
        let name: String
        /// The end of the name.
        let type: String
        let bytes: [UInt8]
    }

    private static let index = "index.html"
    private static let largest = 1 << 22
    private static let most = 1000

    private let path: String
    private let folder: Folder
    /// Read by root, where the folder is root's: the account may not be let in. Of others' folders root reads nothing.
    private let read: [File]?

    private init?(_ path: String) {
        // As root behind no link that others could bend.
        guard let folder = try? Folder.open(Files.absolute(path), makes: false), folder.hasFile(Self.index) else {
            return nil
        }
        self.path = path
        self.folder = folder
        read = Privileges.areRoots && folder.isRoots ? Self.files(of: folder, path) : nil
    }

    /// Why a folder has no page, or `nil`.
    static func problem(_ path: String) -> String? {
        do {
            let folder = try Folder.open(Files.absolute(path), makes: false)
            return folder.hasFile(index) ? nil : "there is no \(index) in it"
        } catch {
            return "\(error)"
        }
    }

    /// The page of the setting, or else the one that came with the program. Never one of the working folder: that may be
    /// anybody's.
    static func find(_ setting: String?) -> Page? {
        let found = (setting.map { [$0] } ?? besideProgram).lazy.compactMap { Page($0) }.first
        if found == nil { Log.warning("no demo page: the folder web-demo was not found; set MARTLET_WEB") }
        return found
    }

    /// Beside an installed program, or in the repository of one that was built there.
    private static var besideProgram: [String] {
        let folder = "/proc/self/exe".resolved.split(separator: "/").dropLast()
        func path(_ parts: ArraySlice<Substring>, _ rest: String) -> String {
            "/" + (parts + [Substring(rest)]).joined(separator: "/")
        }
        var found = [path(folder, "web-demo"), path(folder.dropLast(), "share/martlet/web-demo")]
        if let build = folder.lastIndex(of: ".build") { found.append(path(folder[..<build], "web-demo")) }
        return found
    }

    func files() -> [File] { read ?? Self.files(of: folder, path) }

    private static func files(of folder: Folder, _ path: String) -> [File] {
        folder.names.sorted().prefix(most).compactMap { name in
            let type = String(name.split(separator: ".").last ?? "")
            guard !name.hasPrefix("."), PageOperations.types[type] != nil else { return nil }
            guard let bytes = folder.file(name, limit: largest) else {
                Log.warning("not served: not a regular file that can be read", ["file": .text(path + "/" + name)])
                return nil
            }
            return File(name: name, type: type, bytes: bytes)
        }
    }
}
