/** Header fields that tell a client how long its request took: engine settings `debug` and `debug_headers`. */
import type { FlowReport } from './flow.ts'

/** The fields for what is known when the answer begins. */
export function debugHeaders(report: FlowReport): [name: string, value: string][] {
  const durationOf = (task: string): number => {
    const found = report.steps.filter(step => step['task'] === task)
    return found.reduce((sum, step) => sum + Number(step['duration']), 0)
  }
  const failure = report.steps.find(step => step['task'] === 'request-failure')?.['ctx']
  const fields: [string, string][] = [
    ['overhead', inWords(report.overhead)],
    ['overhead-in', inWords(report.overhead_in)],
    ['overhead-out', inWords(report.overhead_out)],
    ['duration', inWords(report.duration)],
    ['call-duration', inWords(durationOf('call-backend'))],
    ['find-route-duration', inWords(durationOf('find-route'))],
    ['state', report.state],
    ['creation', report.creation],
    ['termination', report.termination],
  ]
  if (failure !== undefined) fields.push(['failure', String((failure as Record<string, unknown>)['reason'])])
  return fields.map(([name, value]) => [`x-otoroshi-request-${name}`, value])
}

function inWords(ms: number): string {
  if (ms < 0) return '-1'
  if (ms >= 1000) return `${(ms / 1000).toFixed(3)} seconds`
  return ms >= 1 ? `${ms.toFixed(3)} millis` : `${(ms * 1000).toFixed(3)} micros`
}
