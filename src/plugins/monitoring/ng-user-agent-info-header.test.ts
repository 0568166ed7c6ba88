import assert from 'node:assert/strict'
import { it } from 'node:test'
import { userAgentAttribute } from '../../plugin/index.ts'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-user-agent-info-header.ts'

it('tells the backend what is known, in ASCII', async () => {
  const { backend } = await runPlugin(plugin, {
    config: { header_name: 'X-Facts' },
    before: exchange => exchange.attributes.set(userAgentAttribute, { city: 'Orléans', n: 1 }),
  })
  assert.equal(backend?.headers.get('x-facts'), '{"city":"Orl\\u00e9ans","n":1}')
})

it('lets no client tell it instead', async () => {
  const { backend } = await runPlugin(plugin, { request: { headers: { 'X-User-Agent-Info': 'mine' } } })
  assert.equal(backend?.headers.has('x-user-agent-info'), false)
})

it('refuses a name that is none', async () => {
  await assert.rejects(runPlugin(plugin, { config: { header_name: 'a b' } }))
})
