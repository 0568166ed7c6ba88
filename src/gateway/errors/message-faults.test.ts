import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageFaults } from '../../http/index.ts'
import { reasons } from '../../plugin/reasons.ts'
import { headerNames } from '../testing/test-gateway.ts'
import { faultFields, reasonOfFault, refusalOfFault } from './message-faults.ts'

describe('faults of messages', () => {
  const faults = Object.keys(messageFaults).filter(fault => fault !== 'bad_response')

  it('each have a reason code of their own, with the status the engine answers', () => {
    assert.deepEqual(Object.keys(reasonOfFault).sort(), faults.sort())
    for (const [fault, reason] of Object.entries(reasonOfFault))
      assert.equal(reasons[reason].status, messageFaults[fault as keyof typeof messageFaults], reason)
    assert.equal(new Set(Object.values(reasonOfFault)).size, faults.length)
  })

  it('have different statuses, which tell them apart', () => {
    const statuses = Object.values(messageFaults)
    assert.equal(new Set(statuses).size, statuses.length)
  })

  it('put reason and message on the answer, under the names of the settings', () => {
    const fields = faultFields(refusalOfFault('head_too_large', 'x'), { ...headerNames, error: 'My-Error' })
    assert.equal(
      fields.wire(),
      'My-Error: true\r\nOtoroshi-Error-Reason: request.head_too_large\r\nOtoroshi-Error-Msg: Request head too large\r\nCache-Control: no-store\r\n',
    )
  })
})
