/// A way in which an operation can fail.
public struct PossibleProblem: Sendable, Hashable {
    public let status: Int
    public let code: ErrorCode

    init(_ code: ErrorCode, status: Int? = nil) {
        self.code = code
        self.status = status ?? code.status
    }
}

extension Operation {
    /// All ways in which it can fail, by status: those that follow from what it declares, and those that it names. Not among
    /// them are what befalls a request that is none, or too large where no body is expected, and 500, which is a bug.
    public var problems: [PossibleProblem] {
        var found: [PossibleProblem] = []
        func add(_ codes: [ErrorCode], if applies: Bool = true) {
            for problem in codes.map({ PossibleProblem($0) }) where applies && !found.contains(problem) {
                found.append(problem)
            }
        }
        // A request that can't be read as one, or a header field that is given twice.
        add([.invalidField, .headerTooLarge])
        add([.unknownParameter], if: looksAtQuery)
        add([.missingField], if: declarations.contains { $0.isRequired && $0.place != .path })
        // A body may always be sent with these, also where only an empty one is taken.
        add([.invalidJSON, .unknownField, .bodyTooLarge, .unsupportedMediaType], if: method != .get)
        add(declarations.flatMap(\.problems))
        add([.unauthenticated, .tokenExpired], if: looksAtToken)
        add([.accountSuspended], if: looksAtToken && !servesSuspended)
        // Of another's, or for who is about to be erased.
        if case .signedInOrLeaving = access {} else { add([.forbidden], if: looksAtToken) }
        add([.notFound], if: !path.placeholders.isEmpty)
        add([.conflict, .idempotencyConflict], if: idempotency != .none)
        add([.rateLimited], if: rate != .free)
        add([.overloaded], if: isShed || largest > 0)
        add(declaredProblems)
        if case .webSocket = transport { found.append(PossibleProblem(.invalidField, status: 426)) }
        // A page of another site.
        add([.forbidden], if: !isAnswered)
        return found.sorted { $0.status < $1.status }
    }

    /// By a response with an end.
    var isAnswered: Bool { transport.isAnswered }

    private var looksAtQuery: Bool { if case .webSocket = transport { false } else { !ignoresQuery } }

    private var looksAtToken: Bool { if case .anyone = access { false } else { true } }

    /// May it be refused to keep what is admitted quick?
    private var isShed: Bool { lane != .free || !isAnswered }
}
