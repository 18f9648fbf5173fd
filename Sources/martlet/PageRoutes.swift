import Core
import Crypto
import Glibc
import HTTPService
import Sidecars

/// The demo page: the files of a folder, read once.
enum PageRoutes {
    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "json": "application/json", "ico": "image/x-icon",
        "txt": "text/plain; charset=utf-8",
    ]

    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The folder of the setting, of the working folder, or beside the program.
    static func folder(_ setting: String?) -> String? {
        let program = "/proc/self/exe".resolved.split(separator: "/").dropLast()
        let beside = (1...4).map { "/" + program.dropLast($0).joined(separator: "/") + "/web-demo" }
        return ([setting, "web-demo"].compactMap(\.self) + beside).first { Files.exists($0 + "/index.html") }
    }

    static func routes(_ folder: String) -> [Route] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var routes: [Route] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let type = types[String(name.split(separator: ".").last ?? "")],
                let body = Files.read(folder + "/" + name)
            else { continue }
            routes.append(route("/" + name, type, body))
            if name == "index.html" { routes.append(route("/", type, body)) }
        }
        return routes
    }

    private static func route(_ path: String, _ type: String, _ body: [UInt8]) -> Route {
        let tag = "\"\(Base64URL.encode(Crypto.sha256(body).prefix(12)))\""
        let headers = [
            ("Content-Type", type), ("ETag", tag), ("Cache-Control", "no-cache"), ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ]
        return Route("GET", path, .anyone, .free) { scope in
            scope.request.has(tag: tag)
                ? Answer(status: 304, headers: headers) : Answer(status: 200, headers: headers, body: body)
        }
    }
}
