import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin, setUp } from '../../plugin/testing.ts'
import { alerting, type Raised } from './testing/alerting.ts'
import plugin from './reject-header-in-too-long.ts'

async function passed(config: unknown, headers: Fields, alerts: Raised[] = []) {
  const run = await runPlugin(plugin, { config, request: { headers }, services: alerting(alerts) })
  return [...run.backend!.headers].filter(([name]) => name !== 'Host')
}

describe('long values for the backend', () => {
  it('are dropped, others stay as they are', async () => {
    const fields = { 'X-A': '12345', 'X-B': '1234', 'X-C': '123456' }
    assert.deepEqual(await passed({ value: 5 }, fields), [
      ['X-A', '12345'],
      ['X-B', '1234'],
    ])
  })

  it('may have 8192 characters unless set', async () => {
    const [field] = await passed({}, { 'X-A': 'x'.repeat(8192) })
    assert.equal(field![1].length, 8192)
    const long = await passed({}, { 'X-A': 'x'.repeat(8193) })
    assert.equal(long[0]?.[1].length ?? 0, 0)
  })

  it('are found among several fields of a name', async () => {
    const fields = [
      ['X-A', '1'],
      ['X-B', '1'],
      ['x-a', '123456789'],
      ['X-A', '2'],
    ] as const
    const got = await passed({ value: 5 }, fields)
    const upper = got.map(([name, value]) => [name.toUpperCase(), value])
    assert.deepEqual(upper, [
      ['X-B', '1'],
      ['X-A', '1'],
      ['X-A', '2'],
    ])
  })

  it('raise an alert that shows no credentials', async () => {
    const alerts: Raised[] = []
    await passed({ value: 5 }, { 'X-Long': 'abcdef', Authorization: 'Basic secret' }, alerts)
    assert.deepEqual(
      alerts.map(({ name, fields }) => [
        name,
        fields['action'],
        fields['header_name'],
        fields['header_value'],
      ]),
      [
        ['HeaderTooLongAlert', 'reject_header', 'X-Long', 'abcdef'],
        ['HeaderTooLongAlert', 'reject_header', 'Authorization', '***'],
      ],
    )
    assert.equal(alerts[0]!.fields['header_value_length'], 6)
    assert.doesNotMatch(JSON.stringify(alerts), /secret/)
  })

  it('are longer than a whole number', () => {
    for (const value of [-1, 1.5, '5']) assert.throws(() => setUp(plugin, { value }), String(value))
  })
})
