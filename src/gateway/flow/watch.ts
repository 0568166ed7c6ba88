/** Records in the flow report what a plugin decided and, of a traced one, what it saw and what it left behind. */
import type { ChainStep } from '../pipeline/chain.ts'
import type { GatewayExchange } from '../pipeline/exchange.ts'
import type { Flow } from './flow.ts'
import { snapshot } from './snapshot.ts'
import type { VerdictNote } from './verdict-note.ts'

/** Answers what records the verdict of a step that begins now. `traceAll`: of plugins without `debug`, too. */
export function watchStep(
  { plugin, debug }: ChainStep<unknown>,
  flow: Flow,
  exchange: GatewayExchange,
  traceAll: boolean,
): VerdictNote {
  const start = flow.now
  if (!debug && !traceAll) return out => flow.plugin(plugin, start, out)
  const seen = snapshot(exchange)
  return out => flow.plugin(plugin, start, out, seen, snapshot(exchange))
}
