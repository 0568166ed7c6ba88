import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Refusal } from '../../plugin/index.ts'
import { clientRequest, setUp } from '../../plugin/testing.ts'
import plugin from './ng-incoming-request-validator-allowed-domain-names.ts'

function outcome(config: object, host: string): string {
  const { incoming } = setUp(plugin, config)
  const verdict = incoming?.(clientRequest({ headers: { Host: host } }, true)) as Refusal | undefined
  return verdict === undefined ? 'passes' : `${verdict.status} ${verdict.reason}`
}

it('looks at nothing unless domains are given', () => {
  assert.equal(outcome({}, 'any.test'), 'passes')
  assert.equal(outcome({ domains: [] }, 'any.test'), '403 domain_not_allowed')
})

it('lets the domains of the list pass, in any case and with any port', () => {
  const config = { domains: ['API.test', '*.shop.test'] }
  for (const host of ['api.test', 'API.TEST:8080', 'a.shop.test', 'a.b.shop.test', 'api.test.'])
    assert.equal(outcome(config, host), 'passes', host)
  for (const host of ['shop.test', 'apixtest', 'api.test.evil.test', 'a.shop.test.evil', ''])
    assert.equal(outcome(config, host), '403 domain_not_allowed', host)
})

it('refuses to start with a blank entry', () => {
  assert.throws(() => setUp(plugin, { domains: ['a', ' '] }), /domains\.1: Must not be blank/)
})
