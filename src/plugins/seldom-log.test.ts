import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LoggedLine, pluginServices, routeView } from '../plugin/testing.ts'
import { seldomLog } from './seldom-log.ts'

test('one line a second is logged, and how many were not', () => {
  const lines: LoggedLine[] = []
  let now = 0
  const log = seldomLog(pluginServices(routeView(), [], lines), () => now)
  for (let i = 0; i < 1000; i++) log(`attack ${i}`)
  now = 1_000
  log('attack again')
  now = 2_000
  log('attack at last')
  assert.deepEqual(
    lines.map(({ level, message }) => `${level} ${message}`),
    ['warn attack 0', 'warn attack again (and 999 more)', 'warn attack at last'],
  )
})
