import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { everyCall, everyChange, refusals } from './refusals.ts'
import { endpoints, kindPaths } from './table.ts'

test('every status of a refusal anywhere in the admin API is described, and no other', () => {
  const room = join(import.meta.dirname, '..')
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' })
  const thrown = files
    .filter(file => file.endsWith('.ts') && !file.includes('.test.'))
    .flatMap(file => [...readFileSync(join(room, file), 'utf8').matchAll(/new ApiError\(\s*(\d{3})\b/g)])
    .map(([, status]) => Number(status))
  // 429 is the gateway's.
  assert.deepEqual([...new Set([...thrown, 429])].sort(), Object.keys(refusals).map(Number).sort())
})

test('operations name no refusal twice, and none that every call may get', () => {
  const rows = [...endpoints, ...kindPaths.flatMap(({ rows }) => rows)]
  for (const { id, method, refusals = [] } of rows) {
    const all = [...everyCall, ...(method === 'GET' ? [] : everyChange), ...refusals]
    assert.deepEqual([...new Set(all)], all, id)
  }
})
