/** The last phase: what plugins do once the request is over changes nothing for the client, nor does its failure. */
import type { CompiledRoute } from '../compile/compiled-route.ts'
import type { GatewayExchange } from './exchange.ts'

/** Calls the plugins; `failed` is told of each that throws or rejects. */
export function runAfterRequest(
  { parts }: CompiledRoute,
  exchange: GatewayExchange,
  failed: (plugin: string, error: unknown) => void,
): void {
  for (const { plugin, only, run } of parts.chain.afterRequest) {
    if (only !== null && !only(exchange.request)) continue
    try {
      const done = run(exchange)
      if (done instanceof Promise) done.catch(error => failed(plugin, error))
    } catch (error) {
      failed(plugin, error)
    }
  }
}
