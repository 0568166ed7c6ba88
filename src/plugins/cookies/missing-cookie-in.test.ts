import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin } from '../../plugin/testing.ts'
import plugin from './missing-cookie-in.ts'

async function sent(config: unknown, headers: Fields = {}) {
  const run = await runPlugin(plugin, { config, request: { headers } })
  return run.backend!.headers.getAll('cookie')
}

describe('a missing cookie for the backend', () => {
  it('is added where there is none', async () => {
    assert.deepEqual(await sent({}), ['cookie=value'])
    assert.deepEqual(await sent({ name: 'a', value: 'x' }, { Cookie: 'b=1' }), ['b=1; a=x'])
  })

  it('is not where there is one, with whatever value', async () => {
    for (const cookie of ['a=', 'b=1; a=2', 'b=1;a="2"'])
      assert.deepEqual(await sent({ name: 'a', value: 'x' }, { Cookie: cookie }), [cookie])
  })

  it('is looked for by its whole name, in its case', async () => {
    assert.deepEqual(await sent({ name: 'a', value: 'x' }, { Cookie: 'A=1; aa=2; b=a=3; a' }), [
      'A=1; aa=2; b=a=3; a; a=x',
    ])
  })

  it('is looked for by what an expression makes of its name', async () => {
    const config = { name: '${req.headers.x-n}', value: 'x' }
    assert.deepEqual(await sent(config, { 'X-N': 'b', Cookie: 'b=1' }), ['b=1'])
    assert.deepEqual(await sent(config, { 'X-N': 'c', Cookie: 'b=1' }), ['b=1; c=x'])
  })
})
