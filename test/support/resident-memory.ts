/** Resident memory of another process, from `/proc`. Bytes. */
import { existsSync, readFileSync } from 'node:fs'

/** For `skip` of a test: false where memory can be measured, else the reason why not. */
export const unmeasurable: string | false =
  !existsSync('/proc/self/status') && 'resident memory is read from /proc, which this system does not have'

/** What the process holds now. Throws when it is gone. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  if (kilobytes === null) throw new Error(`process ${pid} has no memory: it has ended`)
  return Number(kilobytes[1]) * 1024
}

export interface Sample {
  /** Milliseconds since the watch began. */
  readonly at: number
  readonly bytes: number
}

/** Looks at a process every so often; sees nothing where memory cannot be measured. */
export class MemoryWatch {
  readonly samples: Sample[] = []
  readonly #pid: number
  readonly #start = performance.now()
  readonly #timer: NodeJS.Timeout

  /** `period` in milliseconds. */
  constructor(pid: number, period = 50) {
    this.#pid = pid
    this.#look()
    this.#timer = setInterval(() => this.#look(), period)
  }

  /** The most that was seen. Ends the watch. */
  stop(): number {
    clearInterval(this.#timer)
    this.#look()
    return Math.max(...this.samples.map(sample => sample.bytes))
  }

  #look(): void {
    if (unmeasurable !== false) return
    this.samples.push({ at: performance.now() - this.#start, bytes: residentMemory(this.#pid) })
  }
}

/** For messages: `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}
