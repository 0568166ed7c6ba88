import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-generic-block-list.ts'

async function outcome(config: object, headers: Record<string, string> = {}): Promise<string> {
  const { refusal } = await runPlugin(plugin, { config, request: { headers, ip: '10.0.0.7' } })
  return refusal === null ? 'passes' : `${refusal.status} ${refusal.reason} ${refusal.cause}`
}

it('refuses what is on the list and nothing else', async () => {
  assert.equal(await outcome({}), 'passes')
  assert.equal(await outcome({ values: ['10.0.0.7'] }), '403 expression.blocked errors.blocked.expression')
  assert.equal(await outcome({ values: ['10.0.0.8'] }), 'passes')
  const config = { expression: '${req.headers.x-team}', values: ['red'] }
  assert.match(await outcome(config, { 'X-Team': 'red' }), /^403/)
  assert.equal(await outcome(config, { 'X-Team': 'blue' }), 'passes')
  assert.equal(await outcome({ expression: ' ', values: [''] }), 'passes')
})
