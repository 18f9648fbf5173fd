import Core
import Crypto
import Synchronization

extension Document {
    /// `/openapi.json` and `/docs`, which describe the given operations and themselves.
    public static func operations(describing operations: [Operation], _ info: Info) -> [Operation] {
        let made = Made()
        let own = [machines(made), people(made)]
        made.make(Document(info, describing: operations + own))
        return own
    }

    /// The document as it is sent. It is made of the operations that send it.
    private final class Made: Sendable {
        private let bytes = Mutex<(json: [UInt8], page: DocumentPage)?>(nil)

        func make(_ document: Document) {
            let made = (Array(document.json.text.utf8), DocumentPage(document))
            bytes.withLock { $0 = made }
        }

        var json: [UInt8] { bytes.withLock { $0!.json } }
        var page: DocumentPage { bytes.withLock { $0!.page } }
    }

    private static func machines(_ made: Made) -> Operation {
        let document = DeclaredResponse.Content(
            type: "application/json", schema: .anyObject, example: ["openapi": "3.1.0"])
        return Operation(
            .get, "/openapi.json", id: "description", tag: .process, "This document", access: .anyone, rate: .free,
            responses: [DeclaredResponse(200, "OpenAPI 3.1.", contents: [document])]
        ) { _ in .json(made.json, headers: [("Cache-Control", "no-cache")]) }
    }

    private static func people(_ made: Made) -> Operation {
        Operation(
            .get, "/docs", id: "documentation", tag: .process, "This document as a page for people",
            description: "It has no script and asks nothing of another host.", access: .anyone, rate: .free,
            responses: [.text(["text/html"], "The page.", example: "<!doctype html>")]
        ) { _ in
            let page = made.page
            return Response(status: 200, headers: page.headers, body: page.html)
        }
    }
}
