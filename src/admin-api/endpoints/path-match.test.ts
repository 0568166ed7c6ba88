import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PathTable } from './path-match.ts'

const rows = [
  { method: 'GET', path: '/things/{id}' },
  { method: 'PUT', path: '/things/{id}' },
  { method: 'POST', path: '/things/_bulk' },
  { method: 'GET', path: '/things/{id}/versions/{version}' },
  { method: 'GET', path: '' },
] as const
const table = new PathTable(rows)
const find = (method: string, path: string) => table.find(method, path === '' ? [] : path.split('/'))

test('a path leads to its row, with what stands in the place of names', () => {
  assert.deepEqual(find('PUT', 'things/7'), { row: rows[1], parts: ['7'] })
  assert.deepEqual(find('GET', 'things/7/versions/8'), { row: rows[3], parts: ['7', '8'] })
  assert.deepEqual(find('GET', ''), { row: rows[4], parts: [] })
})

test('fixed parts win, for every method', () => {
  assert.deepEqual(find('POST', 'things/_bulk'), { row: rows[2], parts: [] })
  assert.deepEqual(find('GET', 'things/_bulk'), { row: null, methods: ['POST'] })
})

test('other methods and other paths', () => {
  assert.deepEqual(find('DELETE', 'things/7'), { row: null, methods: ['GET', 'PUT'] })
  for (const path of ['things', 'others/7', 'things/7/versions', 'things/7/versions/8/9', 'things/{id}/x'])
    assert.equal(find('GET', path), null, path)
})

test('rows that are not offered count as rows of another method', () => {
  const found = table.find('PUT', ['things', '7'], ({ method }) => method !== 'PUT')
  assert.deepEqual(found, { row: null, methods: ['GET'] })
})
