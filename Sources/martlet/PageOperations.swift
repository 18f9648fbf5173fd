import Core
import Crypto
import HTTPService

/// The demo page's files, read once.
enum PageOperations {
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func all(_ page: Page) -> [Operation] {
        let files = page.files().sorted { $0.name < $1.name }.map(Served.init)
        guard let index = files.first(where: { $0.name == "index.html" }) else { return [] }
        let byName = Dictionary(files.map { ($0.name, $0) }) { first, _ in first }
        let name = PathParameter.word("file", of: files.map(\.name), "One of the page's.")
        return [
            // Providers send people back to it with more than is known here.
            operation("/", id: "page", "The demo page", types: [index.type], ignoresQuery: true) { _ in index },
            operation(
                "/\(name)", id: "pageFile", "A file of the demo page", types: Set(files.map(\.type)).sorted()
            ) { byName[$0[name]] },
        ]
    }

    private static func operation(
        _ path: Path, id: String, _ summary: String, types: [String], ignoresQuery: Bool = false,
        file: @escaping @Sendable (RequestContext) -> Served?
    ) -> Operation {
        let types = types.map { String($0.prefix { $0 != ";" }) }
        return Operation(
            .get, path, id: id, tag: .process, summary, access: .anyone, rate: .free,
            headers: [.ifNoneMatch],
            responses: [
                .text(types, "The file.", example: "<!doctype html>", headers: [.etag]),
                .notModified("The file is the one with the given tag."),
            ], ignoresQuery: ignoresQuery
        ) { request in
            guard let file = file(request) else { throw Problem(.notFound, "there is nothing at this address") }
            return request.http.has(tag: file.tag)
                ? Response(status: 304, headers: file.headers)
                : Response(status: 200, headers: file.headers, body: file.bytes)
        }
    }

    /// A file with what is sent of it.
    private struct Served: Sendable {
        let name: String
        let type: String
        let tag: String
        let headers: [(String, String)]
        let bytes: [UInt8]

        init(_ file: Page.File) {
            name = file.name
            type = Page.types[file.type]!
            tag = "\"\(Base64URL.encode(Crypto.sha256(file.bytes).prefix(12)))\""
            headers = [
                ("Content-Type", type), ("ETag", tag), ("Cache-Control", "no-cache"),
                ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ]
            bytes = file.bytes
        }
    }
}
