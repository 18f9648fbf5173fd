public import Core

/// One event, or one state of a channel, on its way to any number of connections: parsed once, encoded once for each form of connection.
public final class SharedFrame {
    public let publication: Publication
    private lazy var jsonTail = LiveForm.json.pushTail(publication)
    private lazy var protobufTail = LiveForm.protobuf.pushTail(publication)
    /// By form; a part that is not worth it is an empty one.
    private var deflatedTails: [LiveForm: [UInt8]] = [:]
    /// What most recipients get a copy of, one for each of few shapes.
    var pushes: [SharedPush] = []
    private(set) lazy var eventTail = EventStreamText.tail(publication)

    /// Moves a position on, and tells nothing.
    let isSilent: Bool
    /// Who must not see this one is not told; `nil`: it names nobody.
    let author: ID?
    /// It is told to whoever has not been told yet: nothing else is to be asked.
    let isPlain: Bool
    /// It takes the place of all states that are older.
    let isState: Bool
    /// The larger one is the newer one: of a state, or of the number that an event tells; -1: it tells none.
    let version: Int64

    /// - Parameters:
    ///   - author: of an event of a channel that people have caused beside its owner.
    ///   - version: of the number that it tells; -1: it tells none.
    public init(_ publication: Publication, by author: ID? = nil, version: Int64 = -1) {
        self.publication = publication
        self.author = author
        isPlain = author == nil
        isSilent = false
        isState = false
        self.version = version
    }

    /// - Parameter version: 0 or more.
    public init(state publication: Publication, version: Int64) {
        self.publication = publication
        author = nil
        isPlain = false
        isSilent = false
        isState = true
        self.version = version
    }

    /// What happened at a position is nothing that clients of this version can be told.
    public init(silentAt position: Int64) {
        publication = Publication(event: [], type: "", position: position)
        author = nil
        isPlain = false
        isSilent = true
        isState = false
        version = -1
    }

    public var position: Int64 { publication.position }

    /// The same, compressed; `nil` where that is not worth it.
    func pushTail(_ form: LiveForm, _ deflation: PushDeflation) -> [UInt8]? {
        let tail =
            deflatedTails[form]
            ?? {
                let made = deflation.deflated(pushTail(form)) ?? []
                deflatedTails[form] = made
                return made
            }()
        return tail.isEmpty ? nil : tail
    }

    /// The whole push, if one of this shape was made.
    func push(_ form: LiveForm, isDeflated: Bool, for key: LogKey) -> SharedPush? {
        for push in pushes where push.fits(form, isDeflated: isDeflated, key) { return push }
        return nil
    }

    func pushTail(_ form: LiveForm) -> [UInt8] {
        switch form {
        case .json: jsonTail
        case .protobuf: protobufTail
        }
    }
}
