/// One step of a schema. Steps are numbered from 1 within their set, are only ever added, and never edited once released.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    let statements: @Sendable (SQLDialect) -> [String]

    public init(_ number: Int, _ name: String, _ statements: @escaping @Sendable (SQLDialect) -> [String]) {
        self.number = number
        self.name = name
        self.statements = statements
    }
}
