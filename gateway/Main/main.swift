import GatewayService
import SharedRuntime

await runService(GatewayService.definition)
