import Core
import HTTPService

/// Reports to the moderators.
struct ReportOperations: Sendable {
    private static let tag = Tag("reports", "What users report to the moderators")
    let reports: Reports
    let writes: Writes
    let counters: ReportCounters
    private let target: Field<Report.Target>
    private let reason = Field.string(
        "reason", .word(of: Report.Reason.allCases.map(\.rawValue)), example: "spam"
    ) { text throws(Refusal) in
        guard let reason = Report.Reason.allCases.first(where: { $0.rawValue.isExactly(text) }) else {
            throw Refusal("reason is one of \(Report.Reason.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return reason
    }
    private let text = Field.text(
        "text", TextRule("a text", .lines, 1...Report.mostText), example: "The same advertisement a dozen times.",
        "For the moderators."
    ).orNil

    init(reports: Reports, writes: Writes, counters: ReportCounters) {
        (self.reports, self.writes, self.counters) = (reports, writes, counters)
        let types = reports.targets.map(\.type)
        let type = Field.string("type", .word(of: types), example: types[0]) { text throws(Refusal) in
            guard let type = types.first(where: { $0.isExactly(text) }) else {
                throw Refusal("type is one of \(types.joined(separator: ", "))")
            }
            return type
        }
        let id = Field<ID>.id("id")
        target = .object("target", "NewReportTarget", [type, id], "What is reported.") { object throws(Problem) in
            Report.Target(type: try type.read(object), id: try id.read(object))
        }
    }

    var all: [Operation] {
        let report = Report.component(reports.targets.map(\.type))
        return [
            Operation(
                .post, "/v1/reports", id: "report", tag: Self.tag, "Report something to the moderators",
                description: """
                    Also what the caller can't see: the response does not tell whether there is such a thing. Nobody reports \
                    himself or what is his own. At most \(Reports.mostADay) reports in 24 hours.
                    """, lane: .write(makesEvents: false), body: RequestBody("NewReport", target, reason, text),
                responses: [
                    .json(report, "The caller has reported this before: the report of then.", status: 200),
                    .json(report, "It is reported.", status: 201),
                ], problems: [.tooMany], idempotency: .key("report"), handler: add)
        ]
    }

    @Sendable private func add(_ request: RequestContext) async throws -> Response {
        let (response, new) = try await writes.run(request) { transaction in
            let (report, isNew) = try await reports.add(
                transaction, request[target], request[reason], text: request[text], by: request.caller)
            var json = ByteWriter(capacity: 256)
            report.append(to: &json)
            return (StoredResponse(status: isNew ? 201 : 200, body: json.bytes), isNew)
        }
        if new == true { counters.add(request[reason]) }
        return response
    }
}
