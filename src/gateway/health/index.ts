/** Active health checks of targets: rounds of calls, their judgement, and the marks that balancing reads. No sockets. */
export { compileHealthCheck, type HealthCheck } from './health-check.ts'
export {
  HealthChecks,
  type HealthCheckSettings,
  type HealthOutcome,
  type HealthServices,
} from './health-checks.ts'
export { type Health, isTextual, judge, type Judgement, type ProbeAnswer } from './judgement.ts'
export { HealthMark } from './marks.ts'
export type { Probe, ProbeRequest, ProbeResult } from './probe.ts'
