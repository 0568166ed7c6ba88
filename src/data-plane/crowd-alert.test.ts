import assert from 'node:assert/strict'
import { it } from 'node:test'
import { EventPort } from '../events/index.ts'
import { Heard, wanting } from '../events/testing/heard.ts'
import { someInstance } from '../events/testing/some-instance.ts'
import { crowdAlert } from './crowd-alert.ts'

it('tells once in a while, and only when somebody listens', () => {
  const events = new EventPort(someInstance)
  const heard = new Heard().to(events)
  const crowded = crowdAlert(events, () => 'id', 'prod')
  crowded(2, 3)
  events.configure([wanting('x')])
  crowded(2, 4)
  crowded(2, 5)
  events.flush()
  const told = heard.now().texts('x')
  events.connect(null)
  assert.equal(told.length, 1)
  const { alert, limit, current } = JSON.parse(told[0]!)
  assert.deepEqual([alert, limit, current], ['MaxConcurrentRequestReachedAlert', 2, 4])
})
