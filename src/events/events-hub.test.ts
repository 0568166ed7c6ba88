import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EventPort } from './event-port.ts'
import { EventsHub } from './events-hub.ts'
import type { ExporterStatus } from './messages.ts'
import type { ExporterConfig } from './pipeline.ts'
import { someInstance } from './testing/some-instance.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-hub-'))
after(() => rmSync(folder, { recursive: true }))

const configOf = (id: string, more: Partial<ExporterConfig> = {}): ExporterConfig => ({
  id,
  type: 'file',
  enabled: true,
  bufferSize: 5000,
  sendWorkers: 1,
  groupSize: 10,
  groupDuration: 10,
  filtering: { include: [], exclude: [] },
  projection: { n: true },
  customFilter: null,
  customTransform: null,
  config: { path: join(folder, `${id}.log`), maxFileSize: 1e7 },
  ...more,
})

/** A hub with its thread, and one producer. */
function startHub() {
  let starts = 0
  const statuses: ExporterStatus[] = []
  const logs: string[] = []
  const producer = new EventPort(someInstance)
  const hub: EventsHub = new EventsHub({
    onStarted: () => {
      starts++
      producer.connect(hub.openPort())
    },
    onExporters: exporters => producer.configure(exporters),
    onStatus: told => statuses.push(...told),
    log: (_, message) => logs.push(message),
  })
  const emit = (count: number, from = 0): void => {
    for (let n = from; n < from + count; n++) producer.emit({ n })
  }
  const account = async (id: string) => {
    const { fault, type, ...report } = (await hub.ledger()).exporters[id]!
    const lost = Object.values(report.dropped).reduce((sum, count) => sum + count, 0)
    assert.equal(report.produced, report.delivered + lost + report.pending, 'the account adds up')
    return report
  }
  const stop = async (): Promise<void> => {
    producer.flush()
    producer.connect(null)
    await hub.close(5_000)
  }
  return { hub, producer, emit, account, stop, statuses, logs, starts: () => starts }
}

const linesOf = (id: string): number[] =>
  readFileSync(join(folder, `${id}.log`), 'utf8')
    .split('\r\n')
    .slice(0, -1)
    .map(line => JSON.parse(line).n)

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); ) {
    if (Date.now() > end) assert.fail('the condition did not come true')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

test('events of the first moment arrive, though the thread only starts; those of the last do, too', async () => {
  const { hub, emit, stop, producer } = startHub()
  emit(5)
  assert.equal(producer.wanted, false)
  hub.configure('first', configOf('first', { groupDuration: 60_000 }))
  emit(7, 5)
  await stop()
  assert.deepEqual(linesOf('first'), [5, 6, 7, 8, 9, 10, 11])
})

test('an account goes on over every change of its exporter, and ends with it', async () => {
  const { hub, emit, account, stop } = startHub()
  hub.configure('changed', configOf('changed'))
  emit(20)
  hub.configure('changed', configOf('changed', { groupSize: 3 }))
  emit(20)
  await until(async () => (await account('changed')).delivered === 40)
  hub.configure('changed', configOf('changed', { enabled: false }))
  emit(20)
  assert.equal((await hub.ledger()).exporters['changed'], undefined)
  hub.configure('changed', configOf('changed'))
  emit(20)
  await until(
    async () => (await account('changed')).pending === 0 && (await account('changed')).produced === 60,
  )
  assert.deepEqual(await account('changed'), { produced: 60, delivered: 60, dropped: {}, pending: 0 })
  hub.configure('changed', null)
  hub.configure('changed', configOf('changed'))
  await until(async () => (await hub.ledger()).exporters['changed'] !== undefined)
  assert.equal((await account('changed')).produced, 0)
  await stop()
})

test('an exporter that cannot run says so, and its events are counted', async () => {
  const { hub, emit, account, stop, statuses, producer } = startHub()
  hub.configure('kafka', configOf('kafka', { type: 'nothing' }))
  emit(3)
  await until(() => statuses.length > 0)
  emit(4)
  producer.flush()
  await until(async () => (await account('kafka')).produced === 7)
  assert.deepEqual((await account('kafka')).dropped, { exporter_fault: 7 })
  assert.match((await hub.ledger()).exporters['kafka']!.fault ?? '', /not available/)
  await stop()
})

test('the account goes on when the events thread dies; what it had is dropped, what comes meanwhile waits', async () => {
  const { hub, emit, account, stop, logs, starts, producer } = startHub()
  hub.configure('dying', configOf('dying', { groupSize: 1000, groupDuration: 60_000 }))
  emit(40)
  producer.flush()
  await until(async () => (await account('dying')).pending === 40)
  // No producer says this: whoever reads it falls.
  hub.openPort()!.postMessage({ type: 'events', exporters: null })
  await until(() => logs.length > 0)
  emit(30, 40)
  producer.flush()
  await until(() => starts() === 2)
  hub.configure('dying', configOf('dying', { groupSize: 10, groupDuration: 10 }))
  emit(30, 70)
  producer.flush()
  await until(async () => (await account('dying')).produced === 100 && (await account('dying')).pending === 0)
  const { delivered, dropped } = await account('dying')
  const died = dropped['events_thread_died'] ?? 0
  assert.ok(died === 40 || died === 70, `${died} died`)
  assert.equal(delivered, 100 - died)
  assert.deepEqual(
    linesOf('dying'),
    Array.from({ length: delivered }, (_, i) => died + i),
  )
  await stop()
  assert.ok(existsSync(join(folder, 'dying.log')))
})
