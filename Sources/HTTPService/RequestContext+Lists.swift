public import Core

extension RequestContext {
    /// Where a list goes on; from the top when no cursor is given.
    public func below(_ list: PageCursor.List, _ signer: CursorSigner) throws(Problem) -> ID {
        guard let text = self[PageParameters.cursor] else { return .max }
        guard let cursor = PageCursor(text, list, viewer: viewer ?? .zero, signer) else {
            throw Problem(.invalidCursor, "the cursor was not made for this list and caller", field: "cursor")
        }
        return cursor.below
    }
}
