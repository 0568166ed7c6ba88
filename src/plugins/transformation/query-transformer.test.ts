import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './query-transformer.ts'

const path = async (url: string, config = {}) =>
  (await runPlugin(plugin, { config, request: { url } })).backend?.path

it('takes out, renames and sets, and touches nothing else', async () => {
  const config = { remove: ['a'], rename: { old: 'new name' }, add: { x: '1 &', y: 'é' } }
  assert.equal(
    await path('/p?z=%7e&a=1&old=1&%61=2&old=2&b&x=9&c=+', config),
    '/p?z=%7e&new%20name=1&new%20name=2&b&c=+&x=1%20%26&y=%C3%A9',
  )
  assert.equal(await path('/p', config), '/p?x=1%20%26&y=%C3%A9')
  assert.equal(await path('/p?a=1', { remove: ['a'] }), '/p')
  assert.equal(await path('/p?a=1', {}), '/p?a=1')
})

it('what is renamed to a name that is set gives way', async () => {
  assert.equal(await path('/?a=1', { rename: { a: 'b' }, add: { b: '2' } }), '/?b=2')
})

it('settings that are none are refused', async () => {
  await assert.rejects(path('/', { rename: { a: 1 } }), /rename/)
})
