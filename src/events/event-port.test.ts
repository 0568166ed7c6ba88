import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { EventPort } from './event-port.ts'
import type { ProducedEvents } from './messages.ts'

const pause = () => new Promise(resolve => setTimeout(resolve, 20))

/** The far end of a producer: what came, and whether it is acknowledged. */
function receiverOf(producer: EventPort, acknowledges: boolean) {
  const { port1, port2 } = new MessageChannel()
  const got = { events: 0, dropped: 0, port: port2 as MessagePort }
  port2.on('message', ({ events, dropped }: ProducedEvents) => {
    got.events += events.length
    got.dropped += dropped
    if (acknowledges) port2.postMessage({ taken: events.length })
  })
  producer.connect(port1)
  return got
}

it('events go nowhere until somebody wants them', async () => {
  const producer = new EventPort()
  const got = receiverOf(producer, true)
  producer.emit({})
  await pause()
  producer.want(true)
  producer.emit({})
  await pause()
  assert.deepEqual([got.events, got.dropped], [1, 0])
  producer.connect(null)
})

it('what is not taken in is bounded, and the rest counted as dropped', async () => {
  const producer = new EventPort()
  producer.want(true)
  const deaf = receiverOf(producer, false)
  for (let i = 0; i < 30_000; i++) producer.emit({})
  await pause()
  producer.flush()
  await pause()
  assert.deepEqual([deaf.events, deaf.dropped], [20_000, 10_000])
  producer.connect(null)
})

it('what went to an events thread that is gone is counted as dropped by the next', async () => {
  const producer = new EventPort()
  producer.want(true)
  const deaf = receiverOf(producer, false)
  for (let i = 0; i < 300; i++) producer.emit({})
  await pause()
  const next = receiverOf(producer, true)
  for (let i = 0; i < 10; i++) producer.emit({})
  await pause()
  assert.equal(deaf.events, 300)
  assert.deepEqual([next.events, next.dropped], [10, 300])
  producer.connect(null)
})
