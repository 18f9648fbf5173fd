import Core
import HTTPService

/// Reports to the moderators.
struct ReportOperations: Sendable {
    private static let tag = Tag("reports", "What users report to the moderators")
    let reports: Reports
    let writes: Writes
    let counters: ReportCounters
    private let target: Field<Report.Target>

    init(reports: Reports, writes: Writes, counters: ReportCounters) {
        (self.reports, self.writes, self.counters) = (reports, writes, counters)
        target = ReportFields.target(types: reports.targets.map(\.type))
    }

    var all: [Operation] {
        let report = Report.component(reports.targets.map(\.type))
        return [
            Operation(
                .post, "/v1/reports", id: "report", tag: Self.tag, "Report something to the moderators",
                description: """
                    Also what the caller can't see: the response does not tell whether there is such a thing. Nobody reports \
                    himself or what is his own. At most \(Reports.mostADay) reports in 24 hours.
                    """, lane: .write(makesEvents: false),
                body: RequestBody("NewReport", target, ReportFields.reason, ReportFields.text),
                responses: [
                    .json(report, "The caller has reported this before: the report of then.", status: 200),
                    .json(report, "It is reported.", status: 201),
                ], problems: [.tooMany], idempotency: .key("report"), handler: add)
        ]
    }

    @Sendable private func add(_ request: RequestContext) async throws -> Response {
        let (response, new) = try await writes.run(request) { transaction in
            let (report, isNew) = try await reports.add(
                transaction, request[target], request[ReportFields.reason], text: request[ReportFields.text],
                by: request.caller)
            var json = ByteWriter(capacity: 256)
            report.append(to: &json)
            return (StoredResponse(status: isNew ? 201 : 200, body: json.bytes), isNew)
        }
        if new == true { counters.add(request[ReportFields.reason]) }
        return response
    }
}
