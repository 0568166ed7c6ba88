import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, runPlugin } from '../../plugin/testing.ts'
import plugin from './remove-cookies-out.ts'

async function set(names: unknown, headers: Fields) {
  const run = await runPlugin(plugin, { config: { names }, backend: { headers } })
  return [...run.headers]
}

const fields = [
  ['Set-Cookie', 'a=1; Path=/'],
  ['X', 'y'],
  ['set-cookie', 'b=a=2'],
  ['Set-Cookie', ' a =3'],
] as const

describe('cookies kept from the client', () => {
  it('are none by default', async () => {
    assert.deepEqual(await set(undefined, fields), fields)
  })

  it('go wherever they are set; others stay in their order', async () => {
    assert.deepEqual(await set(['a'], fields), [
      ['X', 'y'],
      ['Set-Cookie', 'b=a=2'],
    ])
    assert.deepEqual(await set(['A', 'Path'], fields), fields)
  })
})
