import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallFailed } from '../../plugin/index.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-traffic-mirroring.ts'

const to = 'https://mirror.test/ignored'

describe('mirrored requests', () => {
  it('are those of the backend, with the fields of the settings', async () => {
    const calls = outgoingCalls(() => ({}))
    const run = await runPlugin(plugin, {
      config: { to, headers: { 'X-Mirror': '1', 'x-own': 'new' } },
      request: {
        method: 'POST',
        url: '/a?b=1',
        body: ['one', 'two'],
        chunked: true,
        headers: { 'X-Own': 'old' },
      },
      backend: { status: 201, body: 'answer' },
      services: { calls },
    })
    assert.deepEqual([run.status, run.text], [201, 'answer'])
    assert.equal(run.backend?.body.toString(), 'onetwo')
    const [call] = calls.asked
    assert.deepEqual(
      [call?.method, call?.url, String(call?.body)],
      ['POST', 'https://mirror.test/a?b=1', 'onetwo'],
    )
    const fields = Object.fromEntries(call!.headers!.map(([name, value]) => [name.toLowerCase(), value]))
    assert.deepEqual([fields['x-mirror'], fields['x-own'], fields['host']], ['1', 'new', undefined])
  })

  it('hurt nobody when the other server is down', async () => {
    const calls = outgoingCalls(() => {
      throw new CallFailed('unreachable', 'gone')
    })
    const run = await runPlugin(plugin, { config: { to }, backend: { body: 'fine' }, services: { calls } })
    assert.deepEqual([run.status, run.text], [200, 'fine'])
    assert.match(run.log[0]!.message, /gone/)
  })

  it('are left out when their body is longer than plugins read, and when they are not drawn', async () => {
    const calls = outgoingCalls(() => ({}))
    const request = { method: 'POST', body: ['12345', '678'], chunked: true } as const
    const long = await runPlugin(plugin, { config: { to }, request, services: { calls, bodyLimit: 6 } })
    assert.equal(long.backend?.body.toString(), '12345678')
    await runPlugin(plugin, { config: { to, percentage: 0 }, services: { calls } })
    await runPlugin(plugin, { config: { to, enabled: false }, services: { calls } })
    assert.equal(calls.asked.length, 0)
  })

  it('are told of with both answers when wanted', async () => {
    const events: [string, Readonly<Record<string, unknown>>][] = []
    await runPlugin(plugin, {
      config: { to, capture_response: true, generate_events: true },
      request: { method: 'POST', body: 'in' },
      backend: { body: 'out' },
      services: {
        calls: outgoingCalls(() => ({ status: 418, body: 'mirrored' })),
        event: (type, fields) => events.push([type, fields()]),
      },
    })
    const [[type, fields]] = events as [[string, Readonly<Record<string, unknown>>]]
    assert.deepEqual([type, fields['audit']], ['AuditEvent', 'MirroringEvent'])
    const report = fields['mirroring'] as Record<string, unknown>
    assert.deepEqual(
      [report['inputBody'], report['outputBody'], report['mirroredBody']],
      ['in', 'out', 'mirrored'],
    )
    assert.equal((report['mirroredResponse'] as { status: number }).status, 418)
  })

  it('need a server', async () => {
    for (const wrong of ['ftp://x', 'nowhere', 'https://a:b@c'])
      await assert.rejects(runPlugin(plugin, { config: { to: wrong } }), /to:/, wrong)
  })
})
