import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { PathFault } from './cursor.ts'
import { compileLookup } from './lookup.ts'
import { type JsonPath, readPath } from './path.ts'

const suite = new URL('../../../../shared/corpora/jsonpath/cts.json', import.meta.url).pathname

interface Case {
  readonly name: string
  readonly selector: string
  readonly document?: unknown
  readonly result?: unknown
  /** Any of these is right. */
  readonly results?: readonly unknown[]
  readonly invalid_selector?: boolean
}

/** Where Otoroshi's language is another one: a filter on an object looks at the object itself, and only values that have an order are ordered. */
const KNOWN = new Set([
  'filter, existence, without segments',
  'filter, absolute existence, without segments',
  'filter, deep equality, arrays',
  'filter, deep equality, objects',
  'filter, less than or equal to null',
  'filter, less than or equal to true',
  'filter, less than or equal to false',
  'filter, greater than or equal to null',
  'filter, greater than or equal to true',
  'filter, greater than or equal to false',
  'filter, name segment on primitive, selects nothing',
  'filter, object data',
])

function read(selector: string): JsonPath | null {
  try {
    return readPath(selector)
  } catch (error) {
    assert.ok(error instanceof PathFault, String(error))
    return null
  }
}

/** What a path leads to as a list, as the suite has it. */
function found({ selector, document }: Case, { definite }: JsonPath): unknown {
  const value = compileLookup(selector)(document)
  if (!definite) return value ?? []
  return value === undefined ? [] : [value]
}

describe('the suite of RFC 9535', { skip: existsSync(suite) ? false : 'the suite is not here' }, () => {
  it('is passed by every path that both languages have, but for what is known', () => {
    const { tests } = JSON.parse(readFileSync(suite, 'utf8')) as { tests: readonly Case[] }
    const count = { right: 0, otherwise: 0, onlyThere: 0, refusedByBoth: 0, onlyHere: 0 }
    const wrong: string[] = []
    for (const test of tests) {
      const path = read(test.selector)
      if (test.invalid_selector === true) count[path === null ? 'refusedByBoth' : 'onlyHere']++
      else if (path === null) count.onlyThere++
      else {
        const value = found(test, path)
        if ((test.results ?? [test.result]).some(result => isDeepStrictEqual(result, value))) count.right++
        else if (KNOWN.has(test.name)) count.otherwise++
        else wrong.push(`${test.name}: ${test.selector} leads to ${JSON.stringify(value)}`)
      }
    }
    console.log(`JSONPath: ${JSON.stringify(count)} of ${tests.length}`)
    assert.deepEqual(wrong, [])
    assert.equal(count.otherwise, KNOWN.size)
    assert.ok(count.right >= 217, `${count.right}`)
  })
})
