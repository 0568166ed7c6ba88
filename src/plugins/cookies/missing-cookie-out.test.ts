import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin } from '../../plugin/testing.ts'
import plugin from './missing-cookie-out.ts'

async function set(config: unknown, headers: Fields = {}) {
  const run = await runPlugin(plugin, { config, backend: { headers } })
  return run.headers.getAll('set-cookie')
}

describe('a missing cookie for the client', () => {
  it('is set where the backend sets none', async () => {
    assert.deepEqual(await set({ name: 'a', value: '1', httpOnly: true }), ['a=1; HttpOnly'])
    assert.deepEqual(await set({ name: 'a', value: '1' }, { 'Set-Cookie': 'b=a=2' }), ['b=a=2', 'a=1'])
  })

  it('is not where the backend sets it, be it to remove it', async () => {
    for (const field of ['a=0', 'a=; Max-Age=0', ' a = 5; Path=/'])
      assert.deepEqual(await set({ name: 'a', value: '1' }, { 'Set-Cookie': field }), [field])
  })
})
