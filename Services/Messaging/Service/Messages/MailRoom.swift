import ServiceLifecycle

/// Closes the way out when the service stops: what is on the line is finished, the rest waits for the next start.
struct MailRoom: Service {
    let sender: MessageSender

    func run() async throws {
        try? await gracefulShutdown()
        await sender.close()
    }
}
