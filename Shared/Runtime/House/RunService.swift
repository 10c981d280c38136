import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import SharedStore
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs one of the five until it is told to stop, then drains; with arguments it does something with its store instead (`StoreCommand`). Exit codes: 0 after a stop, 78 (EX_CONFIG) where a restart cannot help, else 1.
public func runService(_ definition: ServiceDefinition) async {
    await runStoreCommand(definition)
    let configuration: HouseConfiguration
    do {
        configuration = try .fromEnvironment(definition.name)
    } catch {
        leave(definition.name, "wrong configuration: \(error)", code: 78)
    }
    let level = configuration.logLevel
    let asText = configuration.logAsText
    let name = definition.name.rawValue
    LoggingSystem.bootstrap { _ in JSONLogHandler(service: name, level: level, asText: asText) }
    let logger = Logger(label: name)
    signal(SIGPIPE, SIG_IGN)
    let launcher = LauncherWatch { exit(0) }
    if let descriptor = configuration.parentDescriptor {
        watch(descriptor) {
            logger.notice("the launcher is gone; stopping")
            launcher.launcherIsGone()
        }
    }

    let house: House
    do {
        // A file on this machine is there or it is not; a server may still be starting.
        let isServer = !configuration.databaseURL.lowercased().hasPrefix("sqlite:")
        house = try await PatientStart(logger: logger, limit: isServer ? 120_000 : 0).open {
            try await openHouse(definition, configuration: configuration, logger: logger)
        }
    } catch let error as StoreError {
        switch error {
        case .schemaTooNew, .unknownScheme, .misuse, .unfinishedCopy: leave(definition.name, "\(error)", code: 78)
        default: leave(definition.name, "the store cannot be opened: \(error)", code: 1)
        }
    } catch {
        leave(definition.name, "the store cannot be opened: \(error)", code: 1)
    }

    // With few cores, a handler that stays on the thread of its connection beats one that hops: the loop is the preferred executor.
    let executor = EventLoopTaskExecutor(MultiThreadedEventLoopGroup.singleton.any())
    do {
        try await withTaskExecutorPreference(executor) { try await serve(definition, house, launcher) }
    } catch let invalid as HouseConfiguration.Invalid {
        await house.store.close()
        leave(definition.name, "wrong configuration: \(invalid)", code: 78)
    } catch {
        logger.error("stopped by an error", metadata: ["reason": "\(error)"])
        await house.store.close()
        exit(1)
    }
    await house.store.close()
    await house.services.shutdown()
    logger.info("stopped")
    withExtendedLifetime(executor) {}
}

private func serve(_ definition: ServiceDefinition, _ house: House, _ launcher: LauncherWatch) async throws {
    try await joinSandbox(definition, house)
    try await definition.prepare(house)
    let logger = house.logger
    let host = house.configuration.host
    let application = try ServiceApplication(definition, house: house).buildApplication { channel in
        logger.info("serving", metadata: ["address": "\(host):\(channel.localAddress?.port ?? 0)"])
    }
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger)))
    launcher.instead { Task { await group.triggerGracefulShutdown() } }
    try await group.run()
}

private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
}

/// In sandbox mode a service lives in the gateway's time from its first moment; it waits for the gateway to say what that is.
private func joinSandbox(_ definition: ServiceDefinition, _ house: House) async throws {
    guard house.configuration.sandbox else { return }
    if definition.name == .gateway { return try await ClockKeeper.restore(house) }
    let wakeup = Wakeup()
    for attempt in 0..<600 {
        if let answer = try? await house.services.get(.gateway, "/internal/v1/clock", deadline: .seconds(2)), let now = answer["now"]?.int {
            house.clock.set(Timestamp(milliseconds: now))
            return
        }
        if attempt == 50 { house.logger.notice("waiting for the gateway's clock") }
        await wakeup.wait(milliseconds: 100)
    }
    throw ServiceCallError(service: .gateway, reason: .unreachable)
}

/// Calls `onEnd` when the other end of a pipe is closed: its holder has died, however it died.
private func watch(_ descriptor: Int32, _ onEnd: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(PipeWatch(descriptor: descriptor, onEnd: onEnd))
    pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            let watch = Unmanaged<PipeWatch>.fromOpaque(argument).takeRetainedValue()
            var byte: UInt8 = 0
            while true {
                let count = read(watch.descriptor, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                break
            }
            watch.onEnd()
            return nil
        }, box.toOpaque())
    pthread_detach(thread)
}

private final class PipeWatch: Sendable {
    let descriptor: Int32
    let onEnd: @Sendable () -> Void

    init(descriptor: Int32, onEnd: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.onEnd = onEnd
    }
}

private func leave(_ name: ServiceName, _ reason: String, code: Int32) -> Never {
    JSONLogHandler(service: name.rawValue, level: .info, asText: false).log(
        event: LogEvent(level: .critical, message: "\(reason)", metadata: nil, source: "vefa", file: #fileID, function: #function, line: #line))
    exit(code)
}
