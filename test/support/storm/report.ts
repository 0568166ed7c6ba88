/** A storm in a few lines, and what is wrong with it. */
import { megabytes, type Sample } from '../resident-memory.ts'
import type { StormReport } from './storm.ts'

/**
 * Part of the time after which memory should have found its size: the heaps of the threads grow until each was collected as
 * a whole for the first time, which takes more than a minute of storm.
 */
const WARM_UP = 0.5
/** Parts of the remaining time whose means are compared. */
const PARTS = 5

export interface Memory {
  /** Means of equal parts of the time after warming up, bytes. */
  readonly means: readonly number[]
  /** How far the highest lies above the first, 0.1 for 10 %. */
  readonly growth: number
}

export function memoryOf(samples: readonly Sample[]): Memory {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP))
  const size = Math.max(1, Math.floor(warm.length / PARTS))
  const means = Array.from({ length: PARTS }, (_, i) => {
    const part = warm.slice(i * size, (i + 1) * size)
    return part.reduce((sum, { bytes }) => sum + bytes, 0) / part.length
  })
  return { means, growth: Math.max(...means) / means[0]! - 1 }
}

/** What does not hold; empty when all does. Times in milliseconds. */
export function faultsOf(report: StormReport, visibleWithin: number, memoryWithin: number): string[] {
  const { requests, connections, editFaults, sinceSending, sinceAnswer } = report
  const faults: string[] = []
  if (requests.failed > 0) faults.push(`${requests.failed} requests failed: ${requests.failures.join('; ')}`)
  if (connections.closed > 0) faults.push(`${connections.closed} connections were closed`)
  if (connections.faults.length > 0) faults.push(connections.faults.slice(0, 10).join('; '))
  if (editFaults.length > 0)
    faults.push(`${editFaults.length} edits went wrong: ${editFaults.slice(0, 10).join('; ')}`)
  for (const [since, durations] of [
    ['sending', sinceSending],
    ['answer', sinceAnswer],
  ] as const)
    if (!(durations.at(0.99) <= visibleWithin)) faults.push(`visible since the ${since}: ${durations}`)
  const { growth, means } = memoryOf(report.memory)
  if (report.memory.length > 0 && !(growth <= memoryWithin))
    faults.push(`memory grew: ${means.map(megabytes).join(', ')}`)
  return faults
}

export function describe(report: StormReport): string {
  const { requests, connections, edits, memory } = report
  const kinds = [...edits].map(([kind, count]) => `${count} ${kind}`).join(', ')
  const { means, growth } = memoryOf(memory)
  return [
    `edits        ${report.editsPerSecond.toFixed(1)}/s for ${report.seconds.toFixed(0)} s: ${kinds}`,
    `             ${report.editFaults.length} not answered or shown as they should`,
    `visible      since the sending: ${report.sinceSending}`,
    `             since the answer:  ${report.sinceAnswer}`,
    `requests     ${requests.perSecond.toFixed(0)}/s, ${requests.answered} answered, ${requests.failed} failed; ${requests.durations}`,
    `connections  ${report.options.sockets} sockets with ${connections.messages} messages, ${report.options.downloads} downloads of ${megabytes(connections.bytes)}, ${connections.closed} closed`,
    `memory       ${means.map(megabytes).join(', ')} (growth ${(growth * 100).toFixed(1)} %)`,
  ].join('\n')
}
