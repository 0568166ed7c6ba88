import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Ledger } from './ledger.ts'
import { type ExporterConfig, ExportPipeline, MOST_SIZE } from './pipeline.ts'

const defaults: ExporterConfig = {
  id: 'x',
  type: 'test',
  enabled: true,
  bufferSize: 100,
  sendWorkers: 1,
  groupSize: 10,
  groupDuration: 50,
  filtering: { include: [], exclude: [] },
  projection: {},
  customFilter: null,
  customTransform: null,
  config: {},
}

/** A pipeline whose sending the test decides. */
function pipelineOf(more: Partial<ExporterConfig> = {}, send = async (_: readonly string[]) => {}) {
  const groups: (readonly unknown[])[] = []
  const exporter = {
    send: (events: readonly string[]) => {
      groups.push(events.map(text => JSON.parse(text)))
      return send(events)
    },
    close: async () => {},
  }
  const pipeline = new ExportPipeline({ ...defaults, ...more }, new Ledger(), () => exporter)
  const account = () => {
    const { produced, delivered, dropped, pending } = pipeline.ledger.report()
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    assert.equal(produced, delivered + lost + pending, 'the account adds up')
    return { produced, delivered, dropped, pending }
  }
  return { pipeline, groups, account }
}

const offer = (pipeline: ExportPipeline, count: number, from = 0): void => {
  for (let i = from; i < from + count; i++) pipeline.offer(`{"n":${i}}`)
}
const settled = () => new Promise(resolve => setImmediate(resolve))

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 2000) assert.fail('the condition did not come true')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

describe('a pipeline', () => {
  it('sends full groups at once and the rest after a while, in order', async () => {
    const { pipeline, groups, account } = pipelineOf()
    offer(pipeline, 25)
    await until(() => account().delivered === 25)
    assert.deepEqual(
      groups.map(group => group.length),
      [10, 10, 5],
    )
    assert.deepEqual(
      groups.flat(),
      Array.from({ length: 25 }, (_, n) => ({ n })),
    )
  })

  it('drops the oldest when its queue is full, and says how many', async () => {
    let go = (): void => {}
    const { pipeline, groups, account } = pipelineOf({ bufferSize: 20, groupSize: 10 }, () => {
      return new Promise<void>(resolve => (go = resolve))
    })
    offer(pipeline, 10)
    await settled()
    offer(pipeline, 50, 10)
    assert.deepEqual(account(), { produced: 60, delivered: 0, dropped: { queue_full: 30 }, pending: 30 })
    for (let i = 0; i < 3; i++) {
      go()
      await settled()
    }
    assert.deepEqual(account(), { produced: 60, delivered: 30, dropped: { queue_full: 30 }, pending: 0 })
    assert.deepEqual(groups[1]!.at(0), { n: 40 })
  })

  it('drops the oldest when what waits and what is on its way has become too large', async () => {
    let go = (): void => {}
    const { pipeline, account } = pipelineOf({ bufferSize: 1000, groupSize: 2 }, () => {
      return new Promise<void>(resolve => (go = resolve))
    })
    const part = JSON.stringify('x'.repeat(MOST_SIZE / 16 - 2))
    // Two are on their way, 14 wait.
    for (let i = 0; i < 40; i++) pipeline.offer(part)
    assert.deepEqual(account(), { produced: 40, delivered: 0, dropped: { queue_full: 24 }, pending: 16 })
    for (let i = 0; i < 8; i++) {
      go()
      await settled()
    }
    assert.deepEqual(account(), { produced: 40, delivered: 16, dropped: { queue_full: 24 }, pending: 0 })
  })

  it('never has more groups on their way than it has workers', async () => {
    let now = 0
    let most = 0
    const { pipeline, account } = pipelineOf({ sendWorkers: 3, groupSize: 1 }, async () => {
      most = Math.max(most, ++now)
      await new Promise(resolve => setTimeout(resolve, 2))
      now--
    })
    offer(pipeline, 30)
    await until(() => account().delivered === 30)
    assert.equal(most, 3)
  })

  it('tries a failed group again, later and later, then drops it with a reason', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      let failures = 5
      const { pipeline, groups, account } = pipelineOf({ groupSize: 2 }, async () => {
        if (failures-- > 0) throw new Error('nobody is there')
      })
      offer(pipeline, 2)
      for (const wait of [0, 200, 400, 800]) {
        mock.timers.tick(wait)
        await settled()
      }
      assert.equal(groups.length, 4)
      assert.deepEqual(account(), { produced: 2, delivered: 0, dropped: { send_failed: 2 }, pending: 0 })
      offer(pipeline, 2, 2)
      await settled()
      assert.equal(account().pending, 2)
      mock.timers.tick(200)
      await settled()
      assert.deepEqual(account(), { produced: 4, delivered: 2, dropped: { send_failed: 2 }, pending: 0 })
    } finally {
      mock.timers.reset()
    }
  })

  it('sends what is left when it is stopped, and drops what is too late', async () => {
    const quick = pipelineOf({ groupDuration: 60_000 })
    offer(quick.pipeline, 5)
    await quick.pipeline.stop(1000)
    assert.deepEqual(quick.account(), { produced: 5, delivered: 5, dropped: {}, pending: 0 })
    offer(quick.pipeline, 5)
    assert.deepEqual(quick.account().dropped, { exporter_stopped: 5 })

    const stuck = pipelineOf({ groupSize: 1 }, () => new Promise(() => {}))
    offer(stuck.pipeline, 3)
    await stuck.pipeline.stop(20)
    assert.deepEqual(stuck.account(), {
      produced: 3,
      delivered: 0,
      dropped: { exporter_stopped: 2 },
      pending: 1,
    })
  })

  it('that cannot be made drops everything, counts it, and says why', () => {
    const faulty: [Partial<ExporterConfig>, RegExp][] = [
      [{ customFilter: {} }, /custom filters/],
      [{ projection: { $jq: '.' } }, /\$jq/],
      [{ filtering: { include: [], exclude: [{ url: { $regex: '(' } }] } }, /./],
    ]
    for (const [config, why] of faulty) {
      const { pipeline, account } = pipelineOf(config)
      assert.match(pipeline.fault ?? '', why)
      offer(pipeline, 3)
      assert.deepEqual(account(), { produced: 3, delivered: 0, dropped: { exporter_fault: 3 }, pending: 0 })
    }
  })

  it('keeps its account over a change of its configuration', async () => {
    const { pipeline } = pipelineOf()
    offer(pipeline, 10)
    await settled()
    const exporter = { send: async () => {}, close: async () => {} }
    const next = new ExportPipeline({ ...defaults, groupSize: 1 }, pipeline.ledger, () => exporter)
    await pipeline.stop(100)
    next.offer('{}')
    await settled()
    assert.equal(next.ledger.report().delivered, 11)
  })
})
