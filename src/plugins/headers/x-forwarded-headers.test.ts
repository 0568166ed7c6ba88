import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PluginRunInput, type RequestInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './x-forwarded-headers.ts'

/** The `X-Forwarded-*` fields the backend gets, by lower-case name; each must be there once. */
async function forwarded(request: RequestInput, trusted: boolean, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { request, services: { trustForwarded: trusted }, ...more })
  const fields = [...run.backend!.headers].filter(([name]) => /^x-forwarded-/i.test(name))
  const found = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase().slice(12), value]))
  assert.equal(Object.keys(found).length, fields.length, 'a field is there twice')
  return found
}

const base = { url: 'http://api.test:8080/x', ip: '10.0.0.1' }
const forged = {
  Host: 'api.test',
  'X-Forwarded-For': '1.2.3.4',
  'X-Forwarded-Host': 'public.test:444',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Prefix': '/forged',
}

describe('X-Forwarded fields', () => {
  it('tell of the connection', async () => {
    const fields = { for: '10.0.0.1', host: 'api.test:8080', proto: 'http' }
    for (const trusted of [true, false]) assert.deepEqual(await forwarded(base, trusted), fields)
    const tls = { protocol: 'TLSv1.3', cipher: '', serverName: '', clientChain: () => [] }
    assert.equal((await forwarded({ ...base, tls }, false))['proto'], 'https')
  })

  it('go on from those of a client that is trusted', async () => {
    assert.deepEqual(await forwarded({ ...base, headers: forged }, true), {
      for: '1.2.3.4, 10.0.0.1',
      host: 'public.test:444',
      proto: 'https',
      prefix: '/forged',
    })
  })

  it('take nothing from one that is not', async () => {
    assert.deepEqual(await forwarded({ ...base, headers: forged }, false), {
      for: '10.0.0.1',
      host: 'api.test',
      proto: 'http',
    })
  })

  it('join repeated fields in their order', async () => {
    const headers = [
      ['x-forwarded-for', '1.1.1.1, 2.2.2.2'],
      ['X-Forwarded-For', '3.3.3.3'],
      ['X-Forwarded-Host', 'a.test'],
      ['x-forwarded-host', 'b.test'],
    ] as const
    const fields = await forwarded({ ...base, headers }, true)
    assert.equal(fields['for'], '1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1')
    assert.equal(fields['host'], 'a.test')
  })

  it('name the prefix that is stripped', async () => {
    const more = { matchedPath: '/api/v1' }
    assert.equal((await forwarded(base, false, more))['prefix'], '/api/v1')
    assert.equal((await forwarded({ ...base, headers: forged }, true, more))['prefix'], '/api/v1')
    assert.equal((await forwarded({ ...base, headers: forged }, false, more))['prefix'], '/api/v1')
    const kept = { ...more, route: { stripPath: false } }
    assert.equal((await forwarded(base, false, kept))['prefix'], undefined)
    assert.equal((await forwarded({ ...base, headers: forged }, false, kept))['prefix'], undefined)
  })
})
