import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './remove-cookies-in.ts'

async function sent(names: unknown, headers: Fields) {
  const run = await runPlugin(plugin, { config: { names }, request: { headers } })
  return run.backend!.headers.getAll('cookie')
}

describe('cookies kept from the backend', () => {
  it('are none by default', async () => {
    assert.deepEqual(await sent(undefined, { Cookie: 'a=1;  b' }), ['a=1;  b'])
  })

  it('go wherever they stand, and as often as they do', async () => {
    const cookies = [
      ['Cookie', 'a=1; b="x y"; a=2'],
      ['Cookie', 'c=3;a=4'],
    ] as const
    assert.deepEqual(await sent(['a'], cookies), ['b="x y"; c=3'])
    assert.deepEqual(await sent([' a ', 'b', 'c'], cookies), [])
  })

  it('are named in their case; the others keep their bytes', async () => {
    assert.deepEqual(await sent(['A', 'zz'], { Cookie: 'a=1;b=%20;;' }), ['a=1;b=%20;;'])
  })

  it('are a list of texts', () => {
    for (const names of ['a', [1], {}]) assert.throws(() => setUp(plugin, { names }), JSON.stringify(names))
  })
})
