import MessagingService
import SharedRuntime

await runService(MessagingService.definition)
