import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './cookies-validation.ts'

async function status(cookies: unknown, headers: Fields = {}) {
  const run = await runPlugin(plugin, { config: { cookies }, request: { headers } })
  assert.equal(run.backend === null, run.status !== 200)
  return run.status
}

describe('expected cookies', () => {
  it('are none by default', async () => {
    assert.equal(await status(undefined), 200)
  })

  it('must all be there, with the very value', async () => {
    const cookies = { a: '1', b: 'x y' }
    assert.equal(await status(cookies, { Cookie: 'c=3; a=1; b="x y"' }), 200)
    for (const cookie of ['a=1', 'a=1; b=x', 'a=1; B=x y', 'a=1 ; b=x yz', 'b=x y', ''])
      assert.equal(await status(cookies, { Cookie: cookie }), 400, cookie)
    assert.equal(await status(cookies), 400)
  })

  it('hold no expressions', async () => {
    assert.equal(await status({ a: '${req.path}' }, { Cookie: 'a=/' }), 400)
    assert.equal(await status({ a: '${req.path}' }, { Cookie: 'a=${req.path}' }), 200)
  })

  it('are not got round by a second one of the name', async () => {
    for (const cookie of ['a=1; a=2', 'a=2; a=1'])
      assert.equal(await status({ a: '1' }, { Cookie: cookie }), 400)
    const fields = [
      ['Cookie', 'a=1'],
      ['Cookie', 'a=2'],
    ] as const
    assert.equal(await status({ a: '1' }, fields), 400)
    assert.equal(await status({ a: '1' }, { Cookie: 'a=1; a=1' }), 200)
  })

  it('that are missing are told by their name only', async () => {
    const run = await runPlugin(plugin, { config: { cookies: { a: 'secret' } } })
    assert.equal(run.refusal?.reason, 'cookie.refused')
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'bad request' })
    assert.doesNotMatch(`${run.text}${run.refusal?.detail}`, /secret/)
  })

  it('are a map of texts', () => {
    for (const cookies of [['a'], { a: 1 }, 'a=1']) assert.throws(() => setUp(plugin, { cookies }))
  })
})
