import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-generic-allowed-list.ts'

async function outcome(config: object, headers: Record<string, string> = {}): Promise<string> {
  const { refusal } = await runPlugin(plugin, { config, request: { headers, ip: '10.0.0.7' } })
  return refusal === null ? 'passes' : `${refusal.status} ${refusal.reason} ${refusal.cause}`
}

it('lets nothing pass when nothing is allowed', async () => {
  assert.equal(await outcome({}), '403 expression.no_values errors.no.allowed.values')
})

it('compares the address of the client unless another expression is given', async () => {
  assert.equal(await outcome({ values: ['10.0.0.7'] }), 'passes')
  assert.equal(
    await outcome({ values: ['10.0.0.70', '10.0.0'] }),
    '403 expression.not_allowed errors.unallowed.expression',
  )
  const config = { expression: '${req.headers.x-team}', values: ['red', 'blue'] }
  assert.equal(await outcome(config, { 'X-Team': 'blue' }), 'passes')
  assert.match(await outcome(config, { 'X-Team': 'green' }), /^403/)
  assert.match(await outcome(config), /^403/)
})

it('compares nothing without an expression', async () => {
  for (const expression of ['', '  ']) assert.equal(await outcome({ expression, values: ['x'] }), 'passes')
})
