import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { EventPort } from '../events/index.ts'
import { crowdAlert } from './crowd-alert.ts'

it('tells once in a while, and only when somebody listens', async () => {
  const events = new EventPort()
  const { port1, port2 } = new MessageChannel()
  const told: Record<string, unknown>[] = []
  const heard = new Promise<void>(resolve =>
    port2.on('message', ({ events: list }: { events: Record<string, unknown>[] }) => {
      told.push(...list)
      resolve()
    }),
  )
  const crowded = crowdAlert(events, () => 'id', 'prod')
  crowded(2, 3)
  events.connect(port1)
  events.want(true)
  crowded(2, 4)
  crowded(2, 5)
  events.flush()
  await heard
  port2.close()
  assert.equal(told.length, 1)
  const { alert, limit, current } = told[0]!
  assert.deepEqual([alert, limit, current], ['MaxConcurrentRequestReachedAlert', 2, 4])
})
