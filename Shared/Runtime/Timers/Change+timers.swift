import SharedStore

extension Change {
    /// Inside the write that begins or settles what an external timer is about: whether the handler that was handed `timer` still holds it. If so the
    /// lease is renewed, and nobody else takes the timer until this write ends. False when it was taken up by another, because this process stood
    /// still for longer than a lease lasts, or scheduled anew meanwhile.
    public func holds(_ timer: DueTimer) throws -> Bool {
        try db.execute(
            """
            UPDATE timers SET lease_until = \(raw: db.dialect.sharedNow) + \(Timers.life(db))
            WHERE kind = \(timer.kind) AND timer_key = \(timer.key) AND lease = \(timer.lease)
            """) > 0
    }
}
