import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TargetView } from '../../plugin/index.ts'
import { defaultTarget, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './override-host.ts'

/** `Host` fields the backend gets when this target was chosen. */
async function hosts(hostname: string, more: PluginRunInput = {}): Promise<string[]> {
  const target: TargetView = { ...defaultTarget, hostname, port: 8080 }
  const run = await runPlugin(plugin, { route: { targets: [target] }, target, ...more })
  return run.backend!.headers.getAll('host')
}

describe('the overridden host', () => {
  it('is the name of the target, without port', async () => {
    assert.deepEqual(await hosts('backend.test'), ['backend.test'])
    assert.deepEqual(await hosts('Backend.Test'), ['Backend.Test'])
  })

  it('replaces every host of the client', async () => {
    const headers = [
      ['host', 'a.test'],
      ['X', 'y'],
      ['HOST', 'b.test'],
    ] as const
    assert.deepEqual(await hosts('backend.test', { request: { headers } }), ['backend.test'])
  })

  it('has brackets around an IPv6 address', async () => {
    assert.deepEqual(await hosts('2001:db8::1'), ['[2001:db8::1]'])
    assert.deepEqual(await hosts('[::1]'), ['[::1]'])
    assert.deepEqual(await hosts('127.0.0.1'), ['127.0.0.1'])
  })

  it('is that of the target chosen, not of the first one', async () => {
    const [a, b] = ['a.test', 'b.test'].map(hostname => ({ ...defaultTarget, hostname }))
    const route = { targets: [a!, b!] }
    assert.deepEqual(await hosts('b.test', { route }), ['b.test'])
    // One that was not there at the start.
    assert.deepEqual(await hosts('c.test', { route }), ['c.test'])
  })

  it('may be computed, and stays one field', async () => {
    const hostname = '${req.pathparams.tenant}.backend.test'
    assert.deepEqual(await hosts(hostname, { request: { pathParams: { tenant: 'red' } } }), [
      'red.backend.test',
    ])
    const evil = { pathParams: { tenant: 'a\r\nX-Admin: 1\r\n' } }
    assert.deepEqual(await hosts(hostname, { request: evil }), ['a X-Admin: 1 .backend.test'])
  })

  it('stays as it was without a target', async () => {
    assert.deepEqual(await hosts('backend.test', { target: null }), ['gateway.test'])
  })
})
