import Core
package import HTTPService

/// What clients send of a report.
package enum ReportFields {
    /// - Parameter types: of what may be reported; not empty.
    package static func target(types: [String]) -> Field<Report.Target> {
        let type = Field.string("type", .word(of: types), example: types[0]) { text throws(Refusal) in
            guard let type = types.first(where: { $0.isExactly(text) }) else {
                throw Refusal("type is one of \(types.joined(separator: ", "))")
            }
            return type
        }
        let id = Field<ID>.id("id")
        return .object("target", "NewReportTarget", [type, id], "What is reported.") { object throws(Problem) in
            Report.Target(type: try type.read(object), id: try id.read(object))
        }
    }

    package static let reason = Field.string(
        "reason", .word(of: Report.Reason.allCases.map(\.rawValue)), example: "spam"
    ) { text throws(Refusal) in
        guard let reason = Report.Reason.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("reason is one of \(Report.Reason.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return reason
    }

    package static let text = Field.text(
        "text", TextRule("a text", .lines, 1...Report.mostText), example: "The same advertisement a dozen times.",
        "For the moderators."
    ).orNil
}
