public import Core

extension RequestContext {
    /// Where a list goes on; from the top when no cursor is given.
    public func below(_ list: PageCursor.List, _ signer: CursorSigner) throws(Problem) -> ID {
        try position(list, signer) ?? .max
    }

    /// The last item of the page before; `nil`: this is the first page.
    public func position(_ list: PageCursor.List, _ signer: CursorSigner) throws(Problem) -> ID? {
        guard let text = self[PageParameters.cursor] else { return nil }
        guard let cursor = PageCursor(text, list, viewer: viewer ?? .zero, signer) else { throw .foreignCursor }
        return cursor.below
    }
}

extension RequestContext {
    /// A page of a list, `{"items", "next"?}`, cut where it gets too long.
    /// - Parameters:
    ///   - hasMore: behind these items.
    ///   - id: by which the list is ordered.
    public func page<Items: BidirectionalCollection>(
        _ items: Items, hasMore: Bool, _ list: PageCursor.List, _ signer: CursorSigner, id: (Items.Element) -> ID,
        append: (inout ByteWriter, Items.Element) -> Void
    ) -> Response {
        .json { writer in
            let shown = writer.appendList(items, append)
            if hasMore || shown < items.count, shown > 0 {
                let last = items[items.index(items.startIndex, offsetBy: shown - 1)]
                writer.appendNext(PageCursor(below: id(last)).encode(list, viewer: viewer ?? .zero, signer))
            }
            writer.append(ascii: "}")
        }
    }
}

extension Problem {
    public static let foreignCursor = Problem(
        .invalidCursor, "the cursor was not made for this list and caller", field: "cursor")
}
