import CLibCurl
import Glibc

/// libcurl's own set-up, once for the process and before any thread uses it.
private let curlIsReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

/// One easy handle and the connection it keeps, used by one thread.
final class SMTPSession: MailWorker {
    private let server: SMTPServer
    private let limits: SMTPLimits
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var handle: UnsafeMutableRawPointer?

    init(server: SMTPServer, limits: SMTPLimits) {
        self.server = server
        self.limits = limits
    }

    deinit {
        close()
        errorText.deallocate()
    }

    func rest() { close() }

    func send(_ job: MailJob) -> DeliveryResult {
        let message = job.mail.message()
        let first = attempt(job, message)
        // The server had closed the connection since the last mail, or did so now (421), and never saw this one: that is no reason to defer it.
        if first.wasReused, first.exchange.mayRepeat(after: first.code), !job.isCancelled {
            return attempt(job, message).result
        }
        return first.result
    }

    private struct Attempt {
        let result: DeliveryResult
        let exchange: SMTPExchange
        let code: CURLcode
        let wasReused: Bool
    }

    private func attempt(_ job: MailJob, _ message: [UInt8]) -> Attempt {
        let exchange = SMTPExchange(message: message, job: job)
        if job.isCancelled {
            return Attempt(
                result: .deferred(code: nil, detail: "cancelled before it was sent"), exchange: exchange, code: CURLE_ABORTED_BY_CALLBACK,
                wasReused: false)
        }
        guard let handle = handle ?? open() else {
            return Attempt(
                result: .deferred(code: nil, detail: "libcurl cannot be set up"), exchange: exchange, code: CURLE_FAILED_INIT,
                wasReused: false)
        }
        let recipients = curl_slist_append(nil, job.mail.to.address)
        defer { curl_slist_free_all(recipients) }
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = withExtendedLifetime(exchange) {
            let context = Unmanaged.passUnretained(exchange).toOpaque()
            for option in [CURLOPT_READDATA, CURLOPT_HEADERDATA, CURLOPT_DEBUGDATA, CURLOPT_XFERINFODATA] {
                _ = vefa_curl_set_pointer(handle, option, context)
            }
            _ = vefa_curl_set_string(handle, CURLOPT_MAIL_FROM, job.mail.from.address)
            _ = vefa_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients)
            return curl_easy_perform(handle)
        }
        var newConnections = 0
        _ = vefa_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &newConnections)
        let failure = errorText.pointee != 0 ? String(cString: errorText) : String(cString: curl_easy_strerror(code))
        let result = exchange.verdict(code: code, failure: failure, hiding: server.hiddenTexts)
        // After a failure the next reply on the connection may still be this mail's. Nothing of it may reach the next one.
        if code != CURLE_OK { close() }
        return Attempt(result: result, exchange: exchange, code: code, wasReused: newConnections == 0)
    }

    private func close() {
        guard let handle else { return }
        self.handle = nil
        // Closing says QUIT and waits for the answer, with a silent server for minutes. With the reading side shut it only says it.
        var socket = curl_socket_t(-1)
        if vefa_curl_get_socket(handle, &socket) == CURLE_OK, socket >= 0 { shutdown(socket, Int32(SHUT_RD)) }
        curl_easy_cleanup(handle)
    }

    private func open() -> UnsafeMutableRawPointer? {
        guard curlIsReady, let handle = curl_easy_init() else { return nil }
        guard configure(handle) else {
            curl_easy_cleanup(handle)
            return nil
        }
        self.handle = handle
        return handle
    }

    /// What stays the same from mail to mail. False where this libcurl lacks something we need.
    private func configure(_ handle: UnsafeMutableRawPointer) -> Bool {
        var isComplete = true
        func set(_ option: CURLoption, _ value: Int) {
            if vefa_curl_set_long(handle, option, value) != CURLE_OK { isComplete = false }
        }
        func set(_ option: CURLoption, _ value: String?) {
            if vefa_curl_set_string(handle, option, value) != CURLE_OK { isComplete = false }
        }
        let scheme = server.security == .tls ? "smtps" : "smtp"
        set(CURLOPT_URL, "\(scheme)://\(server.host):\(server.port)")
        set(CURLOPT_PROXY, "")  // the environment's proxies are for HTTP
        set(CURLOPT_UPLOAD, 1)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeout)
        set(CURLOPT_TIMEOUT_MS, limits.timeout)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_MAXCONNECTS, 1)

        let useTLS = server.security == .startTLSWhereOffered ? CURLUSESSL_TRY : CURLUSESSL_ALL
        set(CURLOPT_USE_SSL, Int(useTLS.rawValue))
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, server.verifies ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, server.verifies ? 2 : 0)
        if let file = server.certificateFile {
            set(CURLOPT_CAINFO, file)
            set(CURLOPT_CAPATH, nil)
        }
        if let user = server.user, let password = server.password {
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password.exposed)
        }

        // Verbose only so that the debug callback hears the commands; with a callback libcurl prints nothing itself.
        set(CURLOPT_VERBOSE, 1)
        set(CURLOPT_NOPROGRESS, 0)
        let callbacks = [
            vefa_curl_set_data_callback(handle, CURLOPT_READFUNCTION, smtpReadCallback),
            vefa_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, smtpReplyCallback),
            vefa_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, { _, size, count, _ in size * count }),
            vefa_curl_set_debug_callback(handle, smtpDebugCallback),
            vefa_curl_set_progress_callback(handle, smtpProgressCallback),
            vefa_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText),
        ]
        return isComplete && callbacks.allSatisfy { $0 == CURLE_OK }
    }
}
