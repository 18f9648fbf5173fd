/// No control characters: what is sent in a head must not end its line.
func isHeaderText(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 32 && $0 != 127 }
}
