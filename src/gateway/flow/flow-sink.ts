/** Who wants flow reports, and where they go. */
import type { ClientRequest } from '../../plugin/contract.ts'
import type { CompiledRoute } from '../compile/compiled-route.ts'
import type { FlowReport } from './flow.ts'

export interface FlowSink {
  /** True when the request names a registered try-it id. Must cost nothing while none is registered. */
  wants(request: ClientRequest): boolean
  /** Somebody takes the reports of routes with `export_reporting`. */
  readonly exported: boolean
  /** `route` null: the request reached none. */
  report(report: FlowReport, request: ClientRequest, route: CompiledRoute | null): void
}
