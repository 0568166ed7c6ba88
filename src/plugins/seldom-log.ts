/** Lines about what clients do: whoever sends much must not fill the log. */
import type { PluginServices } from '../plugin/contract.ts'

/** Milliseconds between two lines of one plugin. */
const PAUSE = 1_000

/** Logs at most one warning per second; the next one tells how many were left out. */
export function seldomLog(services: PluginServices, now: () => number = Date.now): (message: string) => void {
  let last = Number.NEGATIVE_INFINITY
  let left = 0
  return message => {
    const time = now()
    if (time - last < PAUSE) {
      left++
      return
    }
    services.log('warn', left === 0 ? message : `${message} (and ${left} more)`)
    last = time
    left = 0
  }
}
