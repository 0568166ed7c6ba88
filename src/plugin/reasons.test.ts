import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasons } from './reasons.ts'

const root = join(import.meta.dirname, '../..')

test('docs/reasons.md names every code, and no other', () => {
  // Fails, and says so, when the document is not what the catalogues make of it.
  execFileSync(process.execPath, [join(root, 'scripts/reasons-doc.js'), '--check'], { stdio: 'pipe' })
})

test('every code has a status of an error, a message and a time when it happens', () => {
  for (const [code, { status, message, cause, when }] of Object.entries(reasons)) {
    assert.match(code, /^[a-z]\w*(\.[a-z]\w*)?$/)
    // GraphQL answers what it refuses with 200 and the errors in the body.
    assert.ok((status >= 400 && status < 600) || (status === 200 && code === 'graphql.refused'), code)
    assert.ok(message !== '' && cause !== '' && when.endsWith('.'), code)
  }
})

test('every code is given somewhere: what nobody answers is no reason', () => {
  const sources = globSync('src/**/*.ts', { cwd: root })
    .filter(path => !/\.test\.ts$|\/testing\/|plugin\/reasons(\/\w+)?\.ts$/.test(path))
    .map(path => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  // For plugins of whoever writes their own.
  const forOthers = ['plugin.refused']
  const unused = Object.keys(reasons).filter(
    code => !forOthers.includes(code) && !sources.includes(`'${code}'`),
  )
  assert.deepEqual(unused, [])
})
