import Core

extension HTMLWriter {
    mutating func append(_ document: Document) {
        let info = document.info
        raw("<header>\n<h1>")
        plain("\(info.title) \(info.version)")
        raw("</h1>\n")
        prose("\(info.summary). The same for machines: ")
        raw("<p><a href=\"/openapi.json\">/openapi.json</a></p>\n")
        prose(info.description)
        raw("</header>\n")
        contents(of: document)
        raw("<main>\n")
        for tag in document.tags {
            element("h2", "\(tag.name): \(tag.description)", "id=\"\(Self.anchor("tag", tag.name))\"")
            raw("\n")
            for operation in document.operations where operation.tag == tag { append(operation) }
        }
        element("h2", "Schemas", "id=\"schemas\"")
        raw("\n")
        for component in document.components { append(component) }
        raw("</main>\n")
    }

    private mutating func contents(of document: Document) {
        raw("<nav aria-label=\"Contents\">\n<ul>\n")
        for operation in document.operations {
            raw("<li><a href=\"#\(Self.anchor("op", operation.id))\">")
            plain("\(operation.method.rawValue) \(operation.path.template)")
            raw("</a></li>\n")
        }
        raw("<li><a href=\"#schemas\">Schemas</a></li>\n</ul>\n</nav>\n")
    }

    /// Only names that we gave become part of it.
    private static func anchor(_ kind: String, _ name: String) -> String {
        "\(kind)-" + String(name.filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
    }

    private mutating func append(_ operation: Operation) {
        let anchor = Self.anchor("op", operation.id)
        raw("<section class=\"operation\" aria-labelledby=\"\(anchor)\">\n<h3 id=\"\(anchor)\">")
        raw("<code><span class=\"method\">\(operation.method.rawValue)</span>")
        plain(operation.path.template)
        raw("</code></h3>\n")
        prose("\(operation.summary). \(operation.access.words)")
        prose(operation.description)
        table(
            "Parameters", ["Name", "In", "What", "Example"],
            operation.shownParameters.map { declaration in
                [
                    "`\(declaration.name)`", declaration.place.rawValue,
                    Self.words(declaration.schema, declaration.description, isRequired: declaration.isRequired),
                    "`\(declaration.example.string ?? declaration.example.text)`",
                ]
            }
                + operation.shownHeaders.map { header in
                    [
                        "`\(header.name)`", "header",
                        Self.words(header.schema, header.description, isRequired: false), "",
                    ]
                })
        if let body = operation.body {
            table("Body: \(body.name)", ["Key", "What"], Self.rows(body.component.schema))
            example("Example of the body", body.component.example)
        }
        table(
            "Responses", ["Status", "What"],
            operation.responses.map { ["`\($0.status)`", $0.words] } + Self.problems(operation))
        for response in operation.responses {
            for content in response.contents.prefix(1) {
                example("Example of \(response.status), \(content.type)", content.example)
            }
        }
        raw("</section>\n")
    }

    private static func problems(_ operation: Operation) -> [[String]] {
        let declared = Set(operation.responses.map(\.status))
        let statuses = Set(operation.problems.map(\.status)).subtracting(declared).sorted()
        return statuses.map { status in
            let codes = operation.problems.filter { $0.status == status }
                .map { "`\($0.code.name)`: \($0.code.title)." }
            return ["`\(status)`", (codes + operation.words(on: status)).joined(separator: " ")]
        }
    }

    // MARK: Schemas

    private mutating func append(_ component: Component) {
        element("h3", component.name, "id=\"\(Self.anchor("schema", component.name))\"")
        raw("\n")
        let rows = Self.rows(component.schema)
        if rows.isEmpty {
            prose(Self.words(component.schema, "", isRequired: true))
        } else {
            table("\(component.name), an object", ["Key", "What"], rows)
        }
        example("Example of \(component.name)", component.example)
    }

    private static func rows(_ schema: Schema) -> [[String]] {
        guard let properties = schema.members["properties"]?.object else { return [] }
        let required = schema.members["required"]?.array?.compactMap(\.string) ?? []
        return properties.members.map { name, property in
            let schema = Schema(property.object ?? [:])
            return ["`\(name)`", words(schema, "", isRequired: required.contains(name))]
        }
    }

    private static func words(_ schema: Schema, _ description: String, isRequired: Bool) -> String {
        let own = schema.members["description"]?.string ?? ""
        let parts = [
            (isRequired ? "" : "optional, ") + schema.members.inWords + ".",
            description == own ? "" : description, own,
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }
}

extension Access {
    fileprivate var words: String {
        switch self {
        case .anyone: "Anyone may."
        case .optional: "Anyone may; an access token that is sent must be good."
        case .signedIn: "Needs an access token."
        case .signedInOrLeaving: "Needs an access token, if only of an account that is about to be deleted."
        case .owner(let user, _): "Needs an access token of the user `\(user.declaration.name)`."
        case .ticket(let ticket): "Needs an access token, or `\(ticket.name)` in the query."
        }
    }
}

extension DeclaredResponse {
    fileprivate var words: String {
        let body = contents.map { "\($0.schema.members.inWords) (\($0.type))" }.joined(separator: ", or ")
        let sent = headers.isEmpty ? "" : " With " + headers.map { "`\($0.name)`" }.joined(separator: ", ") + "."
        return description + (body.isEmpty ? "" : " Body: \(body).") + sent
    }
}
