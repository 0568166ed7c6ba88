import assert from 'node:assert/strict'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { Leftovers } from './return-memory.ts'

interface Collection {
  readonly startTime: number
  readonly detail: { readonly kind: number; readonly flags: number }
}

/** Starts of the full collections that somebody asked for. */
function collections(): { readonly times: number[]; stop(): void } {
  const times: number[] = []
  const observer = new PerformanceObserver(list => {
    for (const { startTime, detail } of list.getEntries() as unknown as Collection[]) {
      const { kind, flags } = detail
      const asked = flags !== constants.NODE_PERFORMANCE_GC_FLAGS_NO
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR && asked) times.push(startTime)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return { times, stop: () => observer.disconnect() }
}

describe('what many writes left', () => {
  it('is collected once there were no more for a while and nobody is served', async () => {
    const { times, stop } = collections()
    const asked: number[] = []
    const leftovers = new Leftovers(0, () => {
      asked.push(performance.now())
      return asked.length === 1
    })
    for (let i = 0; i < 100; i++) leftovers.written(100)
    await later(700)
    const last = performance.now()
    leftovers.written(1)
    for (let i = 0; i < 100 && times.length === 0; i++) await later(100)
    stop()
    assert.equal(asked.length, 2)
    assert.ok(asked[0]! >= last + 900, 'looked while there were writes')
    assert.ok(times.length > 0, 'nothing was collected')
    assert.ok(times[0]! >= asked[1]!, 'collected while somebody was served')
  })

  it('stays for the collector when it is little', async () => {
    let asked = 0
    const leftovers = new Leftovers(0, () => {
      asked++
      return false
    })
    leftovers.written(9_999)
    await later(1500)
    assert.equal(asked, 0)
  })
})
