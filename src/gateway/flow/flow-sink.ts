/** Who wants flow reports, and where they go. */
import type { ClientRequest } from '../../plugin/contract.ts'
import type { Run } from '../pipeline/run.ts'
import type { FlowReport } from './flow.ts'

export interface FlowSink {
  /** True when the request names a registered try-it id. Must cost nothing while none is registered. */
  wants(request: ClientRequest): boolean
  report(report: FlowReport, run: Run): void
}
