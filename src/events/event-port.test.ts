import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mock, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { EventPort } from './event-port.ts'
import { Ledger } from './ledger.ts'
import { Heard, wanting } from './testing/heard.ts'
import { someInstance } from './testing/some-instance.ts'

const pause = () => new Promise(resolve => setTimeout(resolve, 30))

/** A producer for which nobody takes anything in. */
function deafened(...ids: string[]): EventPort {
  const producer = new EventPort(someInstance)
  const { port1, port2 } = new MessageChannel()
  port2.unref()
  producer.connect(port1)
  producer.configure(ids.map(id => wanting(id, small)))
  return producer
}

/** Texts so short that messages are full by number. */
const small = { projection: { n: true } }

const report = (ledger: Ledger) => {
  const { produced, delivered, dropped, pending } = ledger.report()
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  assert.equal(produced, delivered + lost + pending)
  return { produced, delivered, dropped }
}

test('events go nowhere until somebody wants them, and leave by themselves', async () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  producer.emit({ n: 1 })
  producer.configure([wanting('x')])
  assert.equal(producer.wanted, true)
  producer.emit({ n: 2 })
  await pause()
  heard.now()
  assert.deepEqual(
    heard.texts('x').map(text => JSON.parse(text).n),
    [2],
  )
  producer.configure([])
  assert.equal(producer.wanted, false)
  producer.connect(null)
})

test('exporters get what passes their filter, as they want it; those that want it alike share a text', () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  producer.configure([
    wanting('all'),
    wanting('too'),
    wanting('few', {
      filtering: { include: [{ n: { $gte: 5 } }], exclude: [{ n: 7 }] },
      projection: { n: 'number' },
    }),
    wanting('none', { filtering: { include: [{ n: 99 }], exclude: [] } }),
  ])
  for (let n = 0; n < 9; n++) producer.emit({ n })
  producer.flush()
  heard.now()
  assert.deepEqual(heard.texts('few'), ['{"number":5}', '{"number":6}', '{"number":8}'])
  assert.deepEqual(heard.texts('none'), [])
  const first = JSON.parse(heard.texts('all')[0]!)
  assert.deepEqual(first, {
    n: 0,
    'user-agent-details': null,
    'origin-details': null,
    'instance-number': 1,
    'instance-name': 'one',
    'instance-zone': 'z',
    'instance-region': 'r',
    'instance-dc': 'd',
    'instance-provider': 'p',
    'instance-rack': 'k',
    'cluster-mode': 'Off',
    'cluster-name': 'none',
  })
  assert.deepEqual(heard.texts('too'), heard.texts('all'))
  assert.deepEqual([...heard.totals], [9, 0])
  producer.connect(null)
})

test('what is not taken in is bounded in number, and the rest counted as dropped', () => {
  const producer = deafened('x')
  for (let n = 0; n < 30_000; n++) producer.emit({})
  const heard = new Heard().to(producer)
  producer.flush()
  heard.now()
  // Of the 20,000 that fit, 39 full messages went to the deaf one.
  assert.deepEqual(report(heard.ledger('x')), {
    produced: 30_000,
    delivered: 32,
    dropped: { events_thread_behind: 10_000, events_thread_died: 19_968 },
  })
  producer.connect(null)
})

test('what is not taken in is bounded in size, and there is room again once it is', () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  producer.configure([wanting('x')])
  const megabyte = 'x'.repeat(1024 * 1024)
  for (let n = 0; n < 20; n++) producer.emit({ megabyte })
  producer.flush()
  heard.now()
  assert.deepEqual(report(heard.ledger('x')), {
    produced: 20,
    delivered: 16,
    dropped: { events_thread_behind: 4 },
  })
  producer.emit({ megabyte })
  producer.emit({ huge: megabyte.repeat(5) })
  producer.flush()
  heard.now()
  assert.deepEqual(report(heard.ledger('x')), {
    produced: 22,
    delivered: 17,
    dropped: { events_thread_behind: 4, too_large: 1 },
  })
  producer.connect(null)
})

test('what went to an events thread that is gone is counted as dropped, and what is made meanwhile waits for the next', async () => {
  const producer = new EventPort(someInstance)
  const ledgers = new Map([['x', new Ledger()]])
  const first = new Heard(ledgers).to(producer)
  producer.configure([wanting('x', small)])
  for (let n = 0; n < 600; n++) producer.emit({ n })
  first.now()
  assert.equal(first.texts('x').length, 512)
  for (let n = 600; n < 1100; n++) producer.emit({ n })
  // It took in 512, was sent 1024, and knows nothing of the last 76.
  producer.connect(null)
  producer.emit({ n: 1100 })
  const next = new Heard(ledgers).to(producer)
  producer.flush()
  next.now()
  assert.deepEqual(report(ledgers.get('x')!), {
    produced: 1101,
    delivered: 512 + 77,
    dropped: { events_thread_died: 512 },
  })
  producer.connect(null)
})

test('what a producer has not sent when it dies is counted as dropped', async () => {
  const producer = new EventPort(someInstance)
  const { port1, port2 } = new MessageChannel()
  const heard = new Heard()
  heard.listen(port2)
  producer.connect(port1)
  producer.configure([wanting('x'), wanting('y', { filtering: { include: [{ n: 3 }], exclude: [] } })])
  producer.emit({ n: 0 })
  producer.flush()
  // As when its thread ends: no timer fires any more.
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    for (let n = 1; n < 8; n++) producer.emit({ n })
    port1.close()
    await once(port2, 'close')
  } finally {
    mock.timers.reset()
  }
  assert.deepEqual(report(heard.ledger('x')), {
    produced: 8,
    delivered: 1,
    dropped: { producer_died: 7 },
  })
  assert.deepEqual(report(heard.ledger('y')).dropped, { producer_died: 1 })
})

test('an event that has no JSON is counted, and harms nobody', () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  producer.configure([wanting('x'), wanting('kind', { projection: { kind: true } })])
  const circle: Record<string, unknown> = { kind: 'odd' }
  circle['itself'] = circle
  producer.emit(circle)
  producer.emit({ kind: 'odd', big: 1n })
  producer.flush()
  heard.now()
  assert.deepEqual(report(heard.ledger('x')).dropped, { not_json: 2 })
  assert.deepEqual(heard.texts('kind'), ['{"kind":"odd"}', '{"kind":"odd"}'])
  producer.connect(null)
})

test('events of exporters that cannot run are counted, not written', () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  const broken = { include: [], exclude: [{ url: { $regex: '(' } }] }
  producer.configure([wanting('faulty', { faulty: true }), wanting('broken', { filtering: broken })])
  let written = 0
  const event = { n: 1, toJSON: () => written++ }
  producer.emit(event)
  producer.flush()
  heard.now()
  for (const id of ['faulty', 'broken'])
    assert.deepEqual(report(heard.ledger(id)), {
      produced: 1,
      delivered: 0,
      dropped: { exporter_fault: 1 },
    })
  assert.equal(written, 0)
  assert.deepEqual([...heard.totals], [0, 1])
  producer.connect(null)
})

test('the rules of exporters change between two events, and the account goes on', () => {
  const producer = new EventPort(someInstance)
  const heard = new Heard().to(producer)
  producer.configure([wanting('x', { projection: { n: 'before' } })])
  producer.emit({ n: 1 })
  producer.configure([wanting('y'), wanting('x', { projection: { n: 'after' } })])
  producer.emit({ n: 2 })
  producer.configure([wanting('y')])
  producer.emit({ n: 3 })
  producer.flush()
  heard.now()
  assert.deepEqual(heard.texts('x'), ['{"before":1}', '{"after":2}'])
  assert.equal(heard.texts('y').length, 2)
  producer.connect(null)
})
