import Accounts
public import Core

/// A post as the API and the live feed show it: `{"id","author":{"id","handle","display_name"},"text","created_at"}`.
public struct PostView: Sendable, Equatable {
    public let id: ID
    public let authorID: ID
    public let authorHandle: String
    public let authorDisplayName: String
    public let text: String

    public init(id: ID, authorID: ID, authorHandle: String, authorDisplayName: String, text: String) {
        self.id = id
        self.authorID = authorID
        self.authorHandle = authorHandle
        self.authorDisplayName = authorDisplayName
        self.text = text
    }

    public func append(to writer: inout ByteWriter) {
        writer.append(ascii: "{\"id\":\"")
        writer.append(decimal: id.raw)
        writer.append(ascii: "\",\"author\":{")
        writer.appendIdentity(id: authorID, handle: authorHandle, displayName: authorDisplayName)
        writer.append(ascii: "},\"text\":")
        writer.append(jsonString: text)
        writer.append(ascii: ",\"created_at\":\"")
        writer.appendTime(milliseconds: id.milliseconds)
        writer.append(ascii: "\"}")
    }
}
