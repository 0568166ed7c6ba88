import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setUp } from '../../plugin/testing.ts'
import plugin from './daikoku-proxy-plugin.ts'

type Slot = { plugin: string; config: Record<string, unknown>; exclude?: string[] }
const expanded = (config: object): Slot[] => setUp(plugin, config).expand!() as Slot[]
const names = (slots: Slot[]): string[] => slots.map(slot => slot.plugin.split('.').at(-1)!)

it('stands for a login, a token and the fields of proxies', () => {
  const slots = expanded({ authentication_ref: 'staff', header_name: 'X-Who' })
  assert.deepEqual(names(slots), ['AuthModule', 'OtoroshiInfos', 'XForwardedHeaders'])
  assert.equal(slots[0]?.config['auth_module'], 'staff')
  assert.ok(slots[0]?.exclude?.includes('/health'))
  assert.deepEqual(
    [slots[1]?.config['header_name'], (slots[1]!.config['algo'] as { size: number }).size],
    ['X-Who', 512],
  )
})

it('has no login without a module', () => {
  assert.deepEqual(names(expanded({})), ['OtoroshiInfos', 'XForwardedHeaders'])
})
